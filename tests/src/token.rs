//! User tokens, signed as the owner of a page would.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// The secret of every server that is given one.
pub const KEY: &str = "a secret of tests, of 32 bytes and more";

/// A token of these claims, for a server whose secret is [`KEY`].
pub fn signed(claims: &Value) -> String {
    signed_with(KEY, &json!({"alg": "HS256", "typ": "JWT"}), claims)
}

/// The same with another header and another secret.
///
/// # Panics
/// Never: a secret has any length.
pub fn signed_with(key: &str, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encoded(header), encoded(claims));
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    let signature = mac.chain_update(&text).finalize().into_bytes();
    format!("{text}.{}", BASE64.encode(signature))
}

/// A token for this user, good for an hour.
pub fn of(user: &str) -> String {
    signed(&json!({"sub": user, "exp": in_seconds(3600)}))
}

/// The time in so many seconds, as tokens say it.
pub fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(0) + seconds
}

/// A pair of keys: a PEM of the public one, and what signs with the private one.
///
/// # Panics
/// Never: every key can be written.
pub fn key_pair(seed: u8) -> (String, impl Fn(&Value) -> String) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let pem = key.verifying_key().to_public_key_pem(LineEnding::LF).expect("a PEM");
    let sign = move |claims: &Value| {
        let text = format!("{}.{}", encoded(&json!({"alg": "EdDSA"})), encoded(claims));
        let signature = BASE64.encode(key.sign(text.as_bytes()).to_bytes());
        format!("{text}.{signature}")
    };
    (pem, sign)
}

fn encoded(json: &Value) -> String {
    BASE64.encode(json.to_string())
}
