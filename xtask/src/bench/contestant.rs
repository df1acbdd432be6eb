//! Who takes part.

/// A server under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Contestant {
    /// Ours; a publish is kept when the operating system has it.
    Relaxed,
    /// Ours; a publish is kept when the disk has it.
    Full,
    Bun,
    Ws,
    SocketIo,
    Nchan,
    /// The bare epoll loop.
    Floor,
}

impl Contestant {
    pub(super) const ALL: [Self; 7] =
        [Self::Relaxed, Self::Full, Self::Bun, Self::Ws, Self::SocketIo, Self::Nchan, Self::Floor];

    /// For options and files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Relaxed => "nowcast",
            Self::Full => "nowcast-full",
            Self::Bun => "bun",
            Self::Ws => "ws",
            Self::SocketIo => "socketio",
            Self::Nchan => "nchan",
            Self::Floor => "floor",
        }
    }

    /// For people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Relaxed => "Nowcast, relaxed",
            Self::Full => "Nowcast, full fsync",
            Self::Bun => "Bun",
            Self::Ws => "ws on Node",
            Self::SocketIo => "Socket.IO",
            Self::Nchan => "Nchan",
            Self::Floor => "bare epoll loop",
        }
    }

    /// What the load generator has to know it as.
    pub(super) fn target(self) -> &'static str {
        match self {
            Self::Relaxed | Self::Full => "nowcast",
            Self::Bun | Self::Ws | Self::Floor => "plain",
            Self::SocketIo => "socketio",
            Self::Nchan => "nchan",
        }
    }
}
