//! Stopping in order: no new connections, a goodbye to every page, what is queued is kept, exit.

use crate::app::App;
use nowcast_shared::error::Reason;
use std::time::Duration;

/// How long open connections may take to end.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Returns when the process is asked to end: Ctrl-C, or SIGTERM where there is one.
pub async fn requested() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// Makes writing past a limit on file sizes an error like a full disk, instead of the end.
pub fn outlive_full_quotas() {
    #[cfg(target_os = "linux")]
    {
        use tokio::signal::unix::{SignalKind, signal};
        const SIGXFSZ: i32 = 25;
        if let Ok(mut signal) = signal(SignalKind::from_raw(SIGXFSZ)) {
            tokio::spawn(async move { while signal.recv().await.is_some() {} });
        }
    }
}

/// Tells pages that the server stops, and that they should come back.
pub fn begin(app: &App) {
    app.stopping.send_replace(true);
    app.hub.close(Reason::Restarting);
}
