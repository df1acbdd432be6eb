//! Many pages, one log, links that lose signals and break: in the end all see the same.
//!
//! [`Server`] is what the server does, in a few lines; pages are real [`Stage`]s and real
//! [`Drag`]s.

use super::tests::{id, piece};
use super::*;
use crate::drag::{Do, Drag, Input};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NAMES: [&str; 3] = ["a", "b", "c"];
const PAGES: usize = 4;

#[derive(Clone, Debug)]
enum Event {
    Moved(PieceId, Spot),
    Put(Piece),
}

/// What goes to a page.
#[derive(Clone, Debug)]
enum Down {
    Event(u64, Event),
    Held(PieceId, Option<usize>),
    Moving(PieceId, Spot),
    Answer(PieceId, u32, Option<u64>),
}

/// The log, and who has the lease of what.
#[derive(Default)]
struct Server {
    log: Vec<Event>,
    leases: BTreeMap<PieceId, usize>,
}

impl Server {
    fn state(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = NAMES.iter().map(|name| piece(name, 0.5)).collect();
        for event in &self.log {
            let of = |id: &PieceId| pieces.iter().position(|it| it.id == *id).unwrap();
            match event {
                Event::Moved(id, spot) => {
                    let place = of(id);
                    (pieces[place].x, pieces[place].y) = (spot.x, spot.y);
                }
                Event::Put(new) => {
                    let place = of(&new.id);
                    pieces[place] = new.clone();
                }
            }
        }
        pieces
    }
}

struct Page {
    stage: Stage,
    drag: Drag,
    online: bool,
    seen: u64,
    /// Drops that were not answered, to be sent again.
    unanswered: Vec<(PieceId, Spot, u32)>,
    down: Vec<Down>,
}

struct World {
    server: Server,
    pages: Vec<Page>,
    now: f64,
    /// Which drops took effect: a repeat is answered as the first was.
    done: BTreeMap<(usize, u32), Option<u64>>,
}

/// What happens.
#[derive(Clone, Debug)]
enum Deed {
    Down(usize, usize),
    Move(usize, f64),
    Up(usize),
    /// An admin puts one somewhere else.
    Put(usize, f64),
    /// What is on its way to a page arrives; of signals, only every so often one.
    Deliver(usize, bool),
    Break(usize),
    Back(usize, bool),
    /// Leases whose movers were quiet for too long end.
    Expire,
}

fn deed() -> impl Strategy<Value = Deed> {
    let page = 0..PAGES;
    prop_oneof![
        4 => (page.clone(), 0..NAMES.len()).prop_map(|(page, piece)| Deed::Down(page, piece)),
        8 => (page.clone(), 0.0..=1.0_f64).prop_map(|(page, x)| Deed::Move(page, x)),
        4 => page.clone().prop_map(Deed::Up),
        1 => (0..NAMES.len(), 0.0..=1.0_f64).prop_map(|(piece, x)| Deed::Put(piece, x)),
        8 => (page.clone(), any::<bool>()).prop_map(|(page, lossy)| Deed::Deliver(page, lossy)),
        1 => page.clone().prop_map(Deed::Break),
        2 => (page, any::<bool>()).prop_map(|(page, anew)| Deed::Back(page, anew)),
        1 => Just(Deed::Expire),
    ]
}

impl World {
    fn new() -> Self {
        let pages = (0..PAGES).map(|_| Page {
            stage: Stage::new(),
            drag: Drag::default(),
            online: true,
            seen: 0,
            unanswered: Vec::new(),
            down: Vec::new(),
        });
        let world = Self {
            server: Server::default(),
            pages: pages.collect(),
            now: 0.0,
            done: BTreeMap::new(),
        };
        for page in &world.pages {
            page.stage.replace(world.server.state(), Offset(0));
        }
        world
    }

    fn tell(&mut self, but: Option<usize>, what: &Down) {
        for (number, page) in self.pages.iter_mut().enumerate() {
            if Some(number) != but && page.online {
                page.down.push(what.clone());
            }
        }
    }

    fn append(&mut self, event: Event) -> u64 {
        self.server.log.push(event.clone());
        let offset = self.server.log.len() as u64;
        self.tell(None, &Down::Event(offset, event));
        offset
    }

    fn input(&mut self, page: usize, input: Input) {
        self.now += 20.0;
        let todo = self.pages[page].drag.handle(self.now, input);
        for one in todo {
            self.carry_out(page, one);
        }
    }

    fn carry_out(&mut self, number: usize, one: Do) {
        let Page { stage, online, .. } = self.pages[number];
        match one {
            Do::Show(piece, spot) => stage.hold(&piece, spot),
            Do::LetGo(piece) => stage.let_go(&piece),
            Do::Grab(piece, turn) if online => {
                let mover = *self.server.leases.entry(piece.clone()).or_insert(number);
                if mover == number {
                    self.tell(Some(number), &Down::Held(piece, Some(number)));
                } else {
                    self.pages[number].down.push(Down::Answer(piece, turn, None));
                }
            }
            Do::Move(piece, spot) if online => {
                let mover = *self.server.leases.entry(piece.clone()).or_insert(number);
                if mover == number {
                    self.tell(Some(number), &Down::Moving(piece, spot));
                }
            }
            Do::Drop(piece, spot, turn) => {
                stage.drop(&piece, spot);
                self.pages[number].unanswered.push((piece, spot, turn));
                self.send_drops(number);
            }
            Do::Grab(..) | Do::Move(..) | Do::Say(_) => {}
        }
    }

    fn send_drops(&mut self, number: usize) {
        if !self.pages[number].online {
            return;
        }
        for (piece, spot, turn) in self.pages[number].unanswered.clone() {
            let free = *self.server.leases.get(&piece).unwrap_or(&number) == number;
            let done = match self.done.get(&(number, turn)) {
                Some(done) => *done,
                None if free => {
                    self.server.leases.remove(&piece);
                    Some(self.append(Event::Moved(piece.clone(), spot)))
                }
                None => None,
            };
            self.done.insert((number, turn), done);
            self.pages[number].down.push(Down::Answer(piece, turn, done));
        }
    }

    /// What is on its way to a page arrives.
    fn deliver(&mut self, number: usize, lossy: bool) {
        for (place, one) in std::mem::take(&mut self.pages[number].down).into_iter().enumerate() {
            let signal = matches!(one, Down::Held(..) | Down::Moving(..));
            // Only a newer one of the same piece can take a signal's place: one that says who holds
            // a piece is not lost while the connection lasts.
            if lossy && signal && place % 2 == 0 && matches!(one, Down::Moving(..)) {
                continue;
            }
            let stage = self.pages[number].stage;
            match one {
                Down::Event(offset, event) => self.event(number, offset, event),
                Down::Held(piece, by) => {
                    let holder = by.map(|by| Holder { id: PublicId(by.to_string()), name: None });
                    stage.held(&piece, holder);
                }
                Down::Moving(piece, spot) => stage.moving(&piece, spot),
                Down::Answer(piece, turn, done) => {
                    self.pages[number].unanswered.retain(|it| it.2 != turn);
                    if let Some(at) = done {
                        let now = Offset(self.pages[number].seen);
                        stage.dropped(&piece, Offset(at), Some(now));
                    } else {
                        let why = String::new();
                        self.input(number, Input::Refused { piece, turn, why });
                    }
                }
            }
        }
    }

    fn event(&mut self, number: usize, offset: u64, event: Event) {
        let page = &mut self.pages[number];
        // As `apply` does: each once, in order.
        if offset != page.seen + 1 {
            return;
        }
        page.seen = offset;
        match event {
            Event::Moved(piece, spot) => page.stage.moved(&piece, spot, None),
            Event::Put(piece) => page.stage.put(piece),
        }
    }

    fn back(&mut self, number: usize, anew: bool) {
        if std::mem::replace(&mut self.pages[number].online, true) {
            return;
        }
        let head = self.server.log.len() as u64;
        if anew {
            self.pages[number].seen = head;
            self.pages[number].stage.replace(self.server.state(), Offset(head));
        } else {
            self.pages[number].stage.forget_signals();
            for offset in self.pages[number].seen + 1..=head {
                let event = self.server.log[usize::try_from(offset).unwrap() - 1].clone();
                self.event(number, offset, event);
            }
        }
        for (piece, by) in self.server.leases.clone() {
            if by != number {
                self.pages[number].down.push(Down::Held(piece, Some(by)));
            }
        }
        self.send_drops(number);
        self.input(number, Input::Live);
    }

    fn happens(&mut self, deed: &Deed) {
        match *deed {
            Deed::Down(page, name) => {
                let piece = id(NAMES[name]);
                let seen = self.pages[page].stage.find(&piece).unwrap().seen.get_untracked();
                let seen = seen.spot();
                let at = crate::drag::Pixels { x: seen.x * 1_000.0, y: seen.y * 1_000.0 };
                let free = crate::drag::Pixels { x: 1_000.0, y: 1_000.0 };
                self.input(page, Input::Down { pointer: 1, piece, at, free, seen });
            }
            Deed::Move(page, x) => {
                let at = crate::drag::Pixels { x: x * 1_000.0, y: 500.0 };
                let free = crate::drag::Pixels { x: 1_000.0, y: 1_000.0 };
                self.input(page, Input::Move { pointer: 1, at, free });
            }
            Deed::Up(page) => self.input(page, Input::Up { pointer: 1 }),
            Deed::Put(name, x) => {
                let piece = piece(NAMES[name], x);
                self.server.leases.remove(&piece.id);
                let id = piece.id.clone();
                self.append(Event::Put(piece));
                self.tell(None, &Down::Held(id, None));
            }
            Deed::Deliver(page, lossy) => self.deliver(page, lossy),
            Deed::Break(page) => {
                self.pages[page].online = false;
                self.pages[page].down.clear();
            }
            Deed::Back(page, anew) => self.back(page, anew),
            Deed::Expire => {
                for (piece, by) in std::mem::take(&mut self.server.leases) {
                    self.tell(Some(by), &Down::Held(piece, None));
                }
            }
        }
    }

    /// All hands let go, all links are whole, and everything arrives.
    fn ends(&mut self) {
        for page in 0..PAGES {
            self.back(page, false);
            self.input(page, Input::Up { pointer: 1 });
        }
        self.happens(&Deed::Expire);
        for _ in 0..4 {
            for page in 0..PAGES {
                self.deliver(page, false);
            }
        }
    }
}

proptest! {
    #[test]
    fn whoever_moves_what_over_whatever_links_all_see_the_same_in_the_end(
        deeds in prop::collection::vec(deed(), 0..120),
    ) {
        let owner = Owner::new();
        owner.with(|| {
            let mut world = World::new();
            for deed in &deeds {
                world.happens(deed);
            }
            world.ends();
            for page in &world.pages {
                for piece in world.server.state() {
                    let on = page.stage.find(&piece.id).unwrap();
                    let seen = on.seen.get_untracked();
                    assert_eq!(seen, Seen::Rests(Spot { x: piece.x, y: piece.y }), "{}", piece.id);
                    assert_eq!(on.holder.get_untracked(), None);
                }
            }
        });
    }

    #[test]
    fn a_hand_is_never_moved_by_what_others_do(
        deeds in prop::collection::vec(deed(), 0..120),
    ) {
        let owner = Owner::new();
        owner.with(|| {
            let mut world = World::new();
            for deed in &deeds {
                world.happens(deed);
                for page in &world.pages {
                    for name in NAMES {
                        let seen = page.stage.find(&id(name)).unwrap().seen.get_untracked();
                        let mine = matches!(seen, Seen::Mine(_));
                        assert_eq!(mine, page.drag.holds(&id(name)), "{name}");
                    }
                }
            }
        });
    }
}
