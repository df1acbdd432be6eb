//! Many pages on links that lose, delay and break, with the real leases between them and a log: in
//! the end all show what the log says.
//!
//! A page keeps to the rule of the contract: a piece is where the last event says, or where the
//! last `piece_moving` said since; an event about it, or `piece_held` by nobody, ends that. What it
//! holds itself is where its own hand has it until the log or a refusal answers.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};

const PAGES: usize = 4;
const PIECES: usize = 2;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody's hand does something, if it has what it needs for that.
    Grab(usize, usize),
    Move(usize, usize, u8),
    Drop(usize, usize, u8),
    /// An admin puts a piece somewhere, or makes it look different, or takes it away.
    Put(usize, u8),
    Raise(usize),
    Remove(usize),
    /// The server takes the next command of a page.
    Up(usize),
    /// A page takes the next frames of the server.
    Down(usize, usize),
    /// A connection breaks, with all that is on it; or is closed by the page.
    Cut(usize),
    Leave(usize),
    /// A page comes back, from where it was, or anew.
    Back(usize, bool),
    /// A page that was behind gets what it missed.
    CatchUp(usize),
    /// The log keeps, or does not keep, what waits for it.
    Commit,
    Fail,
    /// Time passes.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (page, piece) = (0..PAGES, 0..PIECES);
    prop_oneof![
        4 => (page.clone(), piece.clone()).prop_map(|(p, i)| Step::Grab(p, i)),
        8 => (page.clone(), piece.clone(), any::<u8>()).prop_map(|(p, i, x)| Step::Move(p, i, x)),
        4 => (page.clone(), piece.clone(), any::<u8>()).prop_map(|(p, i, x)| Step::Drop(p, i, x)),
        1 => (piece.clone(), any::<u8>()).prop_map(|(i, x)| Step::Put(i, x)),
        1 => piece.clone().prop_map(Step::Raise),
        1 => piece.prop_map(Step::Remove),
        16 => page.clone().prop_map(Step::Up),
        12 => (page.clone(), 1..5_usize).prop_map(|(p, n)| Step::Down(p, n)),
        2 => page.clone().prop_map(Step::Cut),
        1 => page.clone().prop_map(Step::Leave),
        4 => (page.clone(), any::<bool>()).prop_map(|(p, anew)| Step::Back(p, anew)),
        4 => page.prop_map(Step::CatchUp),
        10 => Just(Step::Commit),
        1 => Just(Step::Fail),
        6 => (1..900_u64).prop_map(Step::Wait),
    ]
}

/// What is kept: a piece is there, or gone.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    piece: PieceId,
    place: Option<Place>,
}

#[derive(Clone, Debug)]
enum Frame {
    Event(usize, Event),
    Signal(Signal),
    /// The answer to a drop, and whether it took effect.
    Dropped(u64, bool),
    /// A grab or a move was refused.
    Refused(PieceId),
}

#[derive(Clone, Debug)]
enum Command {
    Grab(PieceId),
    Move(PieceId, Place),
    Drop(u64, PieceId, Place),
}

/// What waits for the log.
struct Append {
    event: Event,
    /// Whose drop it is; nobody's if the server does it, or an admin.
    drop: Option<(usize, u64)>,
    settles: bool,
    wish: Option<()>,
}

#[derive(Default)]
struct Page {
    connected: bool,
    /// Gets signals already, and events later.
    behind: bool,
    up: VecDeque<Command>,
    down: VecDeque<Frame>,
    /// How many events it has, or will have when it has taken all that is on its way.
    sent: usize,
    seen: usize,
    rests: BTreeMap<PieceId, Place>,
    moving: BTreeMap<PieceId, Place>,
    held: BTreeSet<PieceId>,
    mine: BTreeMap<PieceId, Place>,
    /// Drops that took effect.
    kept: BTreeSet<u64>,
    /// Drops without an answer, which are sent again.
    drops: BTreeMap<u64, (PieceId, Place)>,
}

impl Page {
    fn take(&mut self, frame: Frame) {
        match frame {
            Frame::Event(offset, Event { piece, place }) => {
                assert_eq!(offset, self.seen, "events come in order, each once");
                self.seen += 1;
                self.moving.remove(&piece);
                self.held.remove(&piece);
                if let Some(place) = place {
                    self.rests.insert(piece, place);
                } else {
                    self.mine.remove(&piece);
                    self.rests.remove(&piece);
                }
            }
            Frame::Signal(Signal::PieceHeld { piece, by, .. }) => {
                self.moving.remove(&piece);
                if by.is_some() {
                    self.held.insert(piece);
                } else {
                    self.held.remove(&piece);
                }
            }
            Frame::Signal(Signal::PieceMoving { piece, x, y, .. }) => {
                self.moving.insert(piece, (x, y));
            }
            Frame::Signal(other) => panic!("{other:?}"),
            Frame::Dropped(id, kept) => {
                assert!(kept || !self.kept.contains(&id), "a repeat gets the first answer");
                if kept {
                    self.kept.insert(id);
                }
                if let Some((piece, _)) = self.drops.remove(&id) {
                    self.mine.remove(&piece);
                }
            }
            Frame::Refused(piece) => {
                self.mine.remove(&piece);
            }
        }
    }

    /// Where each piece is seen.
    fn shown(&self) -> BTreeMap<PieceId, Place> {
        let place = |(piece, rests): (&PieceId, &Place)| {
            let place = self.mine.get(piece).or(self.moving.get(piece)).unwrap_or(rests);
            (piece.clone(), *place)
        };
        self.rests.iter().map(place).collect()
    }

    /// As a page's outbox does: a signal takes the place of an older one about the same.
    fn push(&mut self, frame: Frame) {
        if let Frame::Signal(signal) = &frame {
            let about = |signal: &Signal| crate::stage::key(signal);
            self.down.retain(
                |waits| !matches!(waits, Frame::Signal(old) if about(old) == about(signal)),
            );
        }
        self.down.push_back(frame);
    }
}

struct World {
    now: Moment,
    leases: Leases,
    log: Vec<Event>,
    rests: BTreeMap<PieceId, Place>,
    appends: VecDeque<Append>,
    /// Drops that took effect.
    answers: BTreeSet<(usize, u64)>,
    pages: Vec<Page>,
    /// Where pieces were said to be on their way.
    told: BTreeMap<PieceId, Place>,
    ids: u64,
}

fn name(page: usize) -> String {
    format!("p{page}")
}

fn piece(index: usize) -> PieceId {
    format!("piece-{index}").parse().unwrap()
}

fn place(x: u8) -> Place {
    (f64::from(x) / 255.0, 0.5)
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: Duration::ZERO,
            leases: Leases::new(terms()),
            log: Vec::new(),
            rests: BTreeMap::new(),
            appends: VecDeque::new(),
            answers: BTreeSet::new(),
            pages: (0..PAGES).map(|_| Page::default()).collect(),
            told: BTreeMap::new(),
            ids: 0,
        };
        (0..PIECES)
            .for_each(|index| world.keep(&Event { piece: piece(index), place: Some((0.5, 0.5)) }));
        (0..PAGES).for_each(|page| world.back(page, true));
        world
    }

    /// Keeps an event and hands it to those who are live.
    fn keep(&mut self, event: &Event) {
        match event.place {
            Some(place) => self.rests.insert(event.piece.clone(), place),
            None => self.rests.remove(&event.piece),
        };
        let offset = self.log.len();
        self.log.push(event.clone());
        for page in self.pages.iter_mut().filter(|page| page.connected && !page.behind) {
            page.push(Frame::Event(offset, event.clone()));
            page.sent += 1;
        }
    }

    fn tell(&mut self, tells: Vec<Tell>) {
        for Tell { signal, by } in tells {
            match &signal {
                Signal::PieceMoving { piece, x, y, .. } => {
                    self.told.insert(piece.clone(), (*x, *y));
                }
                Signal::PieceHeld { piece, .. } => {
                    self.told.remove(piece);
                }
                other => panic!("{other:?}"),
            }
            for (index, page) in self.pages.iter_mut().enumerate() {
                if page.connected && by != Some(client(&name(index))) {
                    page.push(Frame::Signal(signal.clone()));
                }
            }
        }
    }

    fn fall(&mut self, (tells, fallen): (Vec<Tell>, Vec<Fallen>)) {
        self.tell(tells);
        for Fallen { piece, place, .. } in fallen {
            let event = Event { piece, place: Some(place) };
            self.appends.push_back(Append { event, drop: None, settles: false, wish: Some(()) });
        }
    }

    fn answer(&mut self, page: usize, frame: Frame) {
        if self.pages[page].connected {
            self.pages[page].push(frame);
        }
    }

    fn cut(&mut self, page: usize) {
        let page = &mut self.pages[page];
        page.connected = false;
        page.up.clear();
        page.down.clear();
        // What the hand had grabbed is still in the hand; what it sent may be lost.
    }

    fn back(&mut self, index: usize, anew: bool) {
        let (head, rests) = (self.log.len(), self.rests.clone());
        let page = &mut self.pages[index];
        if page.connected {
            return;
        }
        page.connected = true;
        // A welcome: whatever passes is told anew.
        page.moving.clear();
        page.held.clear();
        if anew {
            page.seen = head;
            page.rests = rests;
            let Page { mine, rests, .. } = page;
            mine.retain(|piece, _| rests.contains_key(piece));
        }
        (page.sent, page.behind) = (page.seen, true);
        for (id, (piece, place)) in &page.drops {
            page.up.push_back(Command::Drop(*id, piece.clone(), *place));
        }
    }

    /// A page gets what it missed, and then what is in flight.
    fn catch_up(&mut self, index: usize) {
        let page = &mut self.pages[index];
        if !page.connected || !std::mem::take(&mut page.behind) {
            return;
        }
        for offset in page.sent..self.log.len() {
            page.push(Frame::Event(offset, self.log[offset].clone()));
        }
        page.sent = self.log.len();
        for signal in self.leases.in_flight(Some(&client(&name(index)))) {
            page.push(Frame::Signal(signal));
        }
    }

    /// The server takes a page's next command; false if that has to wait.
    fn up(&mut self, index: usize) -> bool {
        let Some(command) = self.pages[index].up.front().cloned() else { return false };
        let holder = holder_of(index);
        let (piece, place) = match &command {
            Command::Grab(piece) => (piece, None),
            Command::Move(piece, place) => (piece, Some(*place)),
            Command::Drop(id, piece, place) => {
                let landing = self.leases.land(piece, Some(&holder));
                if landing == Err(Taken::Landing) {
                    return false;
                }
                self.pages[index].up.pop_front();
                if landing == Err(Taken::Held) {
                    let done = self.answers.contains(&(index, *id));
                    self.answer(index, Frame::Dropped(*id, done));
                } else {
                    let event = Event { piece: piece.clone(), place: Some(*place) };
                    let drop = Some((index, *id));
                    self.appends.push_back(Append { event, drop, settles: false, wish: None });
                }
                return true;
            }
        };
        if !self.rests.contains_key(piece) {
            self.pages[index].up.pop_front();
            self.answer(index, Frame::Refused(piece.clone()));
            return true;
        }
        match self.leases.hold(self.now, piece, &holder, place) {
            Err(Taken::Landing) => return false,
            Err(Taken::Held) => self.answer(index, Frame::Refused(piece.clone())),
            Ok(tells) => self.tell(tells),
        }
        self.pages[index].up.pop_front();
        true
    }

    /// What waits for the log is kept, or is not.
    fn commit(&mut self, kept: bool) {
        let Some(Append { event, drop, settles, wish }) = self.appends.pop_front() else { return };
        let piece = event.piece.clone();
        let known = self.rests.contains_key(&piece);
        let repeated = drop.is_some_and(|drop| self.answers.contains(&drop));
        // Only what is there moves or goes; whatever is put is there.
        let kept = kept && !repeated && (known || (settles && event.place.is_some()));
        if kept {
            self.keep(&event);
        }
        let landed = match (kept, drop, wish) {
            (true, Some(drop), _) => {
                self.answers.insert(drop);
                Landed::Dropped
            }
            (true, None, _) => Landed::Settled,
            (false, ..) if repeated || settles => Landed::Restored,
            (false, ..) => Landed::Lost(self.rests.get(&piece).copied()),
        };
        let tells = self.leases.landed(self.now, &piece, landed);
        self.tell(tells);
        if let Some((page, id)) = drop {
            self.answer(page, Frame::Dropped(id, kept || repeated));
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Grab(page, index) if self.pages[page].rests.contains_key(&piece(index)) => {
                let page = &mut self.pages[page];
                page.mine.insert(piece(index), page.rests[&piece(index)]);
                page.up.push_back(Command::Grab(piece(index)));
            }
            Step::Move(page, index, x) if self.pages[page].mine.contains_key(&piece(index)) => {
                let page = &mut self.pages[page];
                page.mine.insert(piece(index), place(x));
                page.up.push_back(Command::Move(piece(index), place(x)));
            }
            Step::Drop(page, index, x) if self.pages[page].mine.contains_key(&piece(index)) => {
                self.drop(page, &piece(index), place(x));
            }
            Step::Put(index, x) => {
                self.settle(Event { piece: piece(index), place: Some(place(x)) });
            }
            Step::Remove(index) => self.settle(Event { piece: piece(index), place: None }),
            Step::Raise(index) => {
                if let Some(rests) = self.rests.get(&piece(index)).copied() {
                    self.keep(&Event { piece: piece(index), place: Some(rests) });
                    self.tell(self.leases.retell(&piece(index)));
                }
            }
            Step::Up(page) => {
                self.up(page);
            }
            Step::Down(page, count) => {
                let page = &mut self.pages[page];
                for frame in page.down.drain(..count.min(page.down.len())).collect::<Vec<_>>() {
                    page.take(frame);
                }
            }
            Step::Cut(page) => self.cut(page),
            Step::Leave(page) if self.pages[page].connected => {
                // What came before the close is done first.
                while self.up(page) {}
                self.cut(page);
                let left = self.leases.leave(&client(&name(page)));
                self.fall(left);
            }
            Step::Back(page, anew) => self.back(page, anew),
            Step::CatchUp(page) => self.catch_up(page),
            Step::Commit => self.commit(true),
            Step::Fail => self.commit(false),
            Step::Wait(millis) => {
                self.now += at(millis);
                let due = self.leases.due(self.now);
                self.fall(due);
            }
            _ => {}
        }
    }

    /// An admin's wish, which takes a piece out of any hand.
    fn settle(&mut self, event: Event) {
        if self.leases.land(&event.piece, None).is_ok() {
            self.appends.push_back(Append { event, drop: None, settles: true, wish: None });
        }
    }

    fn drop(&mut self, page: usize, piece: &PieceId, place: Place) {
        self.ids += 1;
        let (page, id) = (&mut self.pages[page], self.ids);
        page.mine.insert(piece.clone(), place);
        page.drops.insert(id, (piece.clone(), place));
        page.up.push_back(Command::Drop(id, piece.clone(), place));
    }

    /// Makes sure that who has taken everything sees every piece where its mover has it, and who
    /// that is. Of pieces that are landing, or in the page's own hand, there is more to come.
    fn check(&self) -> Result<(), TestCaseError> {
        for (index, page) in self.pages.iter().enumerate() {
            if !page.connected || page.behind || !page.down.is_empty() {
                continue;
            }
            for (piece, rests) in &self.rests {
                let own = holder_of(index).mover;
                let seen = (page.shown()[piece], page.held.contains(piece));
                match self.leases.holds.get(piece) {
                    Some(Hold::Landing(..)) => {}
                    Some(Hold::Held(lease)) if lease.holder.mover == own => {}
                    _ if page.mine.contains_key(piece) => {}
                    None => prop_assert_eq!(seen, (*rests, false)),
                    Some(Hold::Held(lease)) => {
                        // The newest may be told a moment later.
                        let told = self.told.get(piece).copied().unwrap_or(*rests);
                        let now = lease.place.unwrap_or(*rests);
                        prop_assert!(seen.1, "{piece} is held");
                        prop_assert!([told, now].contains(&seen.0), "{seen:?} {told:?} {now:?}");
                    }
                }
            }
        }
        Ok(())
    }

    /// Everybody lets go, every page is there and has taken everything, and time has passed.
    fn settle_down(&mut self) {
        for page in 0..PAGES {
            let dropped: BTreeSet<_> =
                self.pages[page].drops.values().map(|(piece, _)| piece.clone()).collect();
            let mine: Vec<_> = self.pages[page].mine.clone().into_iter().collect();
            for (piece, place) in mine {
                if !dropped.contains(&piece) {
                    self.drop(page, &piece, place);
                }
            }
        }
        self.drain();
        // Whoever vanished with a piece in hand is not waited for any longer.
        self.step(&Step::Wait(2_001));
        self.drain();
    }

    /// All that is on its way arrives.
    fn drain(&mut self) {
        loop {
            let mut idle = self.appends.is_empty();
            for page in 0..PAGES {
                self.back(page, false);
                while self.up(page) {
                    idle = false;
                }
            }
            while !self.appends.is_empty() {
                self.commit(true);
            }
            for page in 0..PAGES {
                self.catch_up(page);
                while let Some(frame) = self.pages[page].down.pop_front() {
                    self.pages[page].take(frame);
                    idle = false;
                }
            }
            if idle {
                return;
            }
        }
    }
}

fn holder_of(page: usize) -> Holder {
    holder(&name(page))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn all_pages_end_where_the_log_has_the_pieces(steps in vec(step(), 1..200)) {
        let mut world = World::new();
        for step in steps {
            world.step(&step);
            world.check()?;
        }
        world.settle_down();
        prop_assert!(world.leases.is_empty(), "{:?}", world.leases);
        for page in &world.pages {
            prop_assert_eq!(page.shown(), world.rests.clone());
            prop_assert!(page.held.is_empty(), "{:?}", page.held);
            prop_assert!(page.mine.is_empty(), "{:?} {:?}", page.mine, page.drops);
            prop_assert_eq!(page.seen, world.log.len());
        }
    }

    #[test]
    fn nobody_is_told_of_what_it_does_itself(steps in vec(step(), 1..200)) {
        let mut world = World::new();
        for step in steps {
            let lost = matches!(step, Step::Fail);
            let before: Vec<_> = world.pages.iter().map(|page| page.down.len()).collect();
            world.step(&step);
            for (index, page) in world.pages.iter().enumerate() {
                for frame in page.down.iter().skip(before[index]) {
                    if let Frame::Signal(
                        Signal::PieceMoving { by, .. } | Signal::PieceHeld { by: Some(by), .. },
                    ) = frame
                    {
                        // What the log did not take is told back to all, once.
                        prop_assert!(by.0 != name(index) || lost, "{frame:?}");
                    }
                }
            }
        }
    }
}
