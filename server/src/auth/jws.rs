//! Signed tokens in their compact form (RFC 7515), as far as they are needed: one key, whose kind
//! decides how a token is signed. What a token says of its own algorithm is only compared.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::pkcs8::DecodePublicKey;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::Sha256;

/// How many bytes a shared secret has at least (RFC 7518, section 3.2).
pub(super) const LEAST: usize = 32;

/// What tokens are signed with.
#[derive(Clone)]
pub(super) enum Key {
    /// `HS256`: whoever checks tokens can make them.
    Shared(Vec<u8>),
    /// `EdDSA` with Ed25519: somebody else makes them.
    Public(Box<VerifyingKey>),
}

/// The token is none, or not signed with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that have to be understood; none are (RFC 7515, section 4.1.11).
    crit: Option<IgnoredAny>,
}

impl Key {
    /// A shared secret.
    ///
    /// # Errors
    /// If it is too short.
    pub(super) fn shared(secret: &str) -> anyhow::Result<Self> {
        anyhow::ensure!(
            secret.len() >= LEAST,
            "The key for user tokens is too short: it has {LEAST} bytes or more."
        );
        Ok(Self::Shared(secret.as_bytes().to_vec()))
    }

    /// A public key in PEM, as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// If it is none of Ed25519.
    pub(super) fn public(pem: &str) -> anyhow::Result<Self> {
        let key = VerifyingKey::from_public_key_pem(pem.trim()).map_err(|error| {
            anyhow::anyhow!("The key for user tokens is no Ed25519 public key in PEM: {error}")
        })?;
        Ok(Self::Public(Box::new(key)))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Shared(_) => "HS256",
            Self::Public(_) => "EdDSA",
        }
    }

    /// The claims of a token that was signed with this key, JSON.
    pub(super) fn open(&self, token: &str) -> Result<Vec<u8>, Invalid> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(Invalid)?;
        let decode = |part: &str| BASE64.decode(part).map_err(|_| Invalid);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Invalid)?;
        if header.alg != self.algorithm() || header.crit.is_some() {
            return Err(Invalid);
        }
        let signature = decode(signature)?;
        match self {
            Self::Shared(secret) => {
                let mac = mac(secret, signed).ok_or(Invalid)?;
                mac.verify_slice(&signature).map_err(|_| Invalid)?;
            }
            Self::Public(key) => {
                let signature = Signature::from_slice(&signature).map_err(|_| Invalid)?;
                key.verify_strict(signed.as_bytes(), &signature).map_err(|_| Invalid)?;
            }
        }
        decode(claims)
    }

    /// A token of these claims; none where only somebody else can sign.
    pub(super) fn sign(&self, claims: &serde_json::Value) -> Option<String> {
        let Self::Shared(secret) = self else { return None };
        let header = BASE64.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", BASE64.encode(claims.to_string()));
        let signature = BASE64.encode(mac(secret, &signed)?.finalize().into_bytes());
        Some(format!("{signed}.{signature}"))
    }
}

/// HMAC takes keys of any length.
fn mac(secret: &[u8], signed: &str) -> Option<Hmac<Sha256>> {
    Some(Hmac::new_from_slice(secret).ok()?.chain_update(signed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// RFC 8037, appendix A.4: a token, and the public key that it is signed with.
    const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCj\
                         P0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
                          MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
                          -----END PUBLIC KEY-----\n";

    fn shared() -> Key {
        Key::shared(&"k".repeat(LEAST)).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_token_is_opened_with_the_key_that_signed_it_alone() {
        let claims = json!({"sub": "ana"});
        let token = shared().sign(&claims).unwrap();
        assert_eq!(shared().open(&token), Ok(claims.to_string().into_bytes()));
        assert_eq!(Key::shared(&"x".repeat(LEAST)).unwrap().open(&token), Err(Invalid));
        assert!(Key::shared("short").is_err());
    }

    #[test]
    fn the_example_of_the_standard_is_opened() {
        let key = Key::public(PUBLIC).unwrap();
        assert_eq!(key.open(EDDSA).unwrap(), b"Example of Ed25519 signing");
        assert!(Key::public("-----BEGIN PUBLIC KEY-----").is_err());
    }

    #[test]
    fn the_key_decides_how_a_token_is_signed() {
        // A secret that is the public key: what those try who confuse the two.
        let confused =
            Key::Shared(PUBLIC.as_bytes().to_vec()).sign(&json!({"sub": "ana"})).unwrap();
        let public = Key::public(PUBLIC).unwrap();
        assert_eq!(public.open(&confused), Err(Invalid));
        assert_eq!(shared().open(EDDSA), Err(Invalid));
        for header in
            [r#"{"alg":"none"}"#, r#"{"alg":"hs256"}"#, r#"{"alg":"HS256","crit":[]}"#, "{}"]
        {
            let token = shared().sign(&json!({"sub": "ana"})).unwrap();
            let rest = token.split_once('.').unwrap().1;
            let claims = rest.split_once('.').unwrap().0;
            let signed = format!("{}.{claims}", BASE64.encode(header));
            let signature = mac(&[b'k'; LEAST], &signed).unwrap().finalize().into_bytes();
            let forged = format!("{signed}.{}", BASE64.encode(signature));
            assert_eq!(shared().open(&forged), Err(Invalid), "{header}");
            assert_eq!(shared().open(&format!("{signed}.")), Err(Invalid), "{header}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let token = shared().sign(&json!({"sub": "ana"})).unwrap();
        for bad in ["", ".", "..", "a.b.c", "é.é.é", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(shared().open(bad), Err(Invalid), "{bad}");
        }
        let tampered = token.replacen('.', ".e", 1);
        assert_eq!(shared().open(&tampered), Err(Invalid));
    }
}
