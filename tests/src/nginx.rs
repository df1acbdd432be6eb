//! nginx before a server, by a recipe of `docs/nginx.md`; with nothing of the system's: a folder, a
//! port and a user of its own.

use crate::document::example;
use crate::server::Server;
use crate::wait::{LIMIT, pause};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// What the site shows that nginx serves itself.
pub const PAGE: &str = "<!doctype html><title>The site</title>\n";

/// Who vouches for the certificate of an nginx with TLS: a file, from the checkout's root.
pub const AUTHORITY: &str = "tests/fixtures/tls/authority.pem";

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Who it runs as where the tests run as root.
const NOBODY: u32 = 65_534;

/// A running nginx. It is killed when this is dropped; its folder goes with it.
pub struct Nginx {
    address: SocketAddr,
    scheme: Scheme,
    /// One process: with it all of nginx ends.
    _child: Child,
    folder: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default();
            eprintln!("--- what nginx complained about ---\n{log}---");
        }
    }
}

/// What it complains to.
const LOG: &str = "error.log";

impl Nginx {
    /// By this recipe of the document, before this server.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(recipe: &str, server: &Server) -> Self {
        Self::with_page(recipe, server, PAGE).await
    }

    /// The same, with TLS, by a certificate for `localhost` that [`AUTHORITY`] vouches for.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with_tls(recipe: &str, server: &Server) -> Self {
        Self::begin(recipe, server, PAGE, Scheme::Https).await
    }

    /// Without, with this page as the site's own.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with_page(recipe: &str, server: &Server, page: &str) -> Self {
        Self::begin(recipe, server, page, Scheme::Http).await
    }

    async fn begin(recipe: &str, server: &Server, page: &str, scheme: Scheme) -> Self {
        // Somebody may take the port that was free a moment ago.
        for _ in 0..5 {
            if let Some(nginx) = Self::try_start(recipe, server, page, scheme).await {
                return nginx;
            }
        }
        panic!("nginx does not start; {INSTALL}");
    }

    /// Where it listens, as pages write it.
    pub fn origin(&self) -> String {
        match self.scheme {
            Scheme::Http => format!("http://{}", self.address),
            Scheme::Https => format!("https://localhost:{}", self.address.port()),
        }
    }

    async fn try_start(recipe: &str, server: &Server, page: &str, scheme: Scheme) -> Option<Self> {
        let folder = TempDir::with_prefix("nowcast-nginx-").expect("a temporary folder");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("its address");
        drop(free);
        let listen = match scheme {
            Scheme::Http => format!("listen {address};"),
            Scheme::Https => format!(
                "listen {address} ssl; ssl_certificate tls.pem; ssl_certificate_key key.pem;"
            ),
        };
        prepare(folder.path(), &site(recipe, server, &listen, folder.path()), page);
        let mut command = Command::new(program());
        command
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", LOG])
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}; {INSTALL}"));
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            if child.try_wait().expect("its status can be read").is_some() {
                return None;
            }
            if TcpStream::connect(address).await.is_ok() {
                return Some(Self { address, scheme, _child: child, folder });
            }
            pause().await;
        }
        None
    }
}

const INSTALL: &str = "it is Debian's package `nginx`, which `cargo xtask test` gets";

fn program() -> std::path::PathBuf {
    std::env::var_os("NOWCAST_NGINX").map_or_else(|| "/usr/sbin/nginx".into(), Into::into)
}

/// The recipe, as somebody would adapt it: another address on either side, another folder.
fn site(recipe: &str, server: &Server, listen: &str, folder: &Path) -> String {
    let mut text = example("docs/nginx.md", recipe);
    let mut adapt = |from: &str, to: &str, must: bool| {
        assert!(!must || text.matches(from).count() == 1, "the recipe {recipe} has one {from}");
        text = text.replace(from, to);
    };
    adapt("server 127.0.0.1:8080;", &format!("server {};", server.address()), true);
    adapt("listen 80;", listen, true);
    adapt("/var/www/html", &folder.join("site").display().to_string(), false);
    text
}

/// What is around a site, as far as it is needed: nothing but its own folder is written to.
const AROUND: &str = "
error_log error.log;
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path client_body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}
";

fn prepare(folder: &Path, site: &str, page: &str) {
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).expect("the folder can be written");
    };
    std::fs::create_dir(folder.join("site")).expect("the folder can be written");
    write("nginx.conf", AROUND);
    write("site.conf", site);
    write("site/index.html", page);
    write("tls.pem", include_str!("../fixtures/tls/certificate.pem"));
    write("key.pem", include_str!("../fixtures/tls/key.pem"));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).expect("it can be given away");
    }
}
