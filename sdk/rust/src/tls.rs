//! How connections are made: plain, and with TLS where that is compiled in.

use crate::error::Error;
use hyper_util::client::legacy::connect::HttpConnector;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(10);

fn plain() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(PATIENCE));
    connector.enforce_http(cfg!(not(feature = "tls")));
    connector
}

#[cfg(not(feature = "tls"))]
mod chosen {
    use super::{Error, HttpConnector, Request, Socket, SocketError, plain};

    pub(crate) type Connector = HttpConnector;

    #[expect(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
    pub(crate) fn connector() -> Result<Connector, Error> {
        Ok(plain())
    }

    pub(crate) async fn socket(request: Request) -> Result<Socket, SocketError> {
        let (socket, _) = tokio_tungstenite::connect_async_with_config(request, None, true).await?;
        Ok(socket)
    }
}

#[cfg(feature = "tls")]
mod chosen {
    use super::{Error, HttpConnector, Request, Socket, SocketError, plain};
    use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
    use rustls::ClientConfig;
    use rustls::crypto::ring;
    use std::io;
    use std::sync::{Arc, OnceLock};
    use tokio_tungstenite::{Connector as Tls, connect_async_tls_with_config};

    pub(crate) type Connector = HttpsConnector<HttpConnector>;

    /// What the system trusts; it takes a moment to find out, so that is done once.
    fn config() -> Result<ClientConfig, Error> {
        static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
        if let Some(config) = CONFIG.get() {
            return Ok(config.clone());
        }
        let invalid = |error: rustls::Error| Error::Invalid(format!("There is no TLS: {error}"));
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(invalid)?
            .with_native_roots()
            .map_err(|error| Error::Invalid(format!("The system trusts nobody: {error}")))?
            .with_no_client_auth();
        Ok(CONFIG.get_or_init(|| config).clone())
    }

    pub(crate) fn connector() -> Result<Connector, Error> {
        let builder = HttpsConnectorBuilder::new().with_tls_config(config()?);
        Ok(builder.https_or_http().enable_http1().wrap_connector(plain()))
    }

    pub(crate) async fn socket(request: Request) -> Result<Socket, SocketError> {
        let config = config().map_err(|error| SocketError::Io(io::Error::other(error)))?;
        let tls = Some(Tls::Rustls(Arc::new(config)));
        let (socket, _) = connect_async_tls_with_config(request, None, true, tls).await?;
        Ok(socket)
    }
}

pub(crate) use chosen::{Connector, connector, socket};
