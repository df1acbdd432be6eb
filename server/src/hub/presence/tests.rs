//! Whatever comes, goes, is renamed and gets lost: a page ends with what the server knows.

use super::super::Transport;
use super::super::names::Claim;
use super::*;
use nowcast_shared::signal::{NAMED, Signal as Wire};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const GRACE: Duration = Duration::from_secs(5);

/// A page's session, as its shard tells it.
struct Page {
    state: PresenceState,
    /// What the shard knows that it was told; 0 for who may have missed something.
    told: u64,
}

fn read(encoded: &Encoded) -> shared::Presence {
    match serde_json::from_slice(encoded.json()).unwrap() {
        ServerFrame::<(), ()>::Signal { signal: Wire::Presence(presence) } => presence,
        other => panic!("{other:?}"),
    }
}

impl Page {
    fn welcome(people: &People) -> Self {
        Self { state: people.state(), told: people.version() }
    }

    /// As `offer_each` and `who_is_here` do it; a frame that is lost leaves the shard unsure.
    fn offer(&mut self, news: &Signal, lost: bool) {
        let presence = news.presence.as_ref().unwrap();
        if self.told >= presence.version {
            return;
        }
        if lost {
            self.told = 0;
            return;
        }
        let continues = self.told > 0 && self.told == presence.since;
        let encoded = if continues { &news.encoded } else { &presence.whole };
        assert!(self.state.apply(&read(encoded)), "what is sent continues what the page has");
        self.told = presence.version;
    }

    /// As `make_sure` does it.
    fn heal(&mut self, people: &People) {
        if self.told == 0 {
            self.state.apply(&read(&Encoded::new(&[&whole(people.state())])));
            self.told = people.version();
        }
    }
}

#[test]
fn a_room_that_was_empty_goes_on_after_what_pages_know() {
    let known = People::default().version() + 1_000_000;
    let mut people = People::after(known);
    people.join(&"p1".into(), 1, Some(Transport::Sse));
    assert!(people.version() > known, "however fast the crowd before it came and went");
}

#[derive(Clone, Debug)]
enum Step {
    Join {
        who: usize,
        page: u64,
        counted: bool,
    },
    Leave {
        page: u64,
    },
    Name {
        who: usize,
        name: Option<usize>,
    },
    Wait {
        seconds: u64,
    },
    Announce {
        lost: [bool; 3],
    },
    /// A page comes back, or another one comes.
    Welcome {
        page: usize,
    },
    Crowd {
        pages: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6_usize, 0..12_u64, any::<bool>())
            .prop_map(|(who, page, counted)| Step::Join { who, page, counted }),
        3 => (0..12_u64).prop_map(|page| Step::Leave { page }),
        3 => (0..6_usize, proptest::option::of(0..3_usize))
            .prop_map(|(who, name)| Step::Name { who, name }),
        2 => (0..8_u64).prop_map(|seconds| Step::Wait { seconds }),
        5 => any::<[bool; 3]>().prop_map(|lost| Step::Announce { lost }),
        1 => (0..3_usize).prop_map(|page| Step::Welcome { page }),
        1 => (0..300_u64).prop_map(|pages| Step::Crowd { pages }),
    ]
}

struct World {
    people: People,
    announced: Announced,
    pages: Vec<Page>,
    open: HashMap<u64, PublicId>,
    leaving: Vec<(Instant, PublicId)>,
    now: Instant,
    crowd: u64,
}

fn id(who: usize) -> PublicId {
    PublicId(format!("p{who}"))
}

impl World {
    fn new() -> Self {
        let people = People::default();
        let pages = (0..3).map(|_| Page::welcome(&people)).collect();
        let (announced, open, leaving) = Default::default();
        Self { people, announced, pages, open, leaving, now: Instant::now(), crowd: 0 }
    }

    fn leave(&mut self, page: u64) {
        let Some(who) = self.open.remove(&page) else { return };
        if self.people.leave(&who, page, self.now + GRACE) {
            self.leaving.push((self.now + GRACE, who));
        }
    }

    fn announce(&mut self, lost: [bool; 3]) {
        if let Some(news) = self.announced.news(&self.people) {
            for (page, lost) in self.pages.iter_mut().zip(lost) {
                page.offer(&news, lost);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Join { who, page, counted } => {
                self.leave(page);
                self.open.insert(page, id(who));
                self.people.join(&id(who), page, counted.then_some(Transport::Sse));
            }
            Step::Leave { page } => self.leave(page),
            Step::Name { who, name } => {
                if self.open.values().any(|open| *open == id(who)) {
                    let claim =
                        name.map(|name| Claim::Wish(["Ana", "ana", "Eva"][name].to_owned()));
                    self.people.name(&id(who), claim, &|_| false);
                }
            }
            Step::Wait { seconds } => {
                self.now += Duration::from_secs(seconds);
                for (at, who) in std::mem::take(&mut self.leaving) {
                    if at > self.now {
                        self.leaving.push((at, who));
                    } else {
                        self.people.let_go(&who, self.now);
                    }
                }
            }
            Step::Announce { lost } => self.announce(lost),
            Step::Welcome { page } => self.pages[page] = Page::welcome(&self.people),
            Step::Crowd { pages } => {
                for page in self.crowd.min(pages)..self.crowd.max(pages) {
                    let (who, page) = (PublicId(format!("c{page}")), 1000 + page);
                    if pages > self.crowd {
                        self.people.join(&who, page, Some(Transport::WebSocket));
                    } else if self.people.leave(&who, page, self.now) {
                        self.people.forget(&who);
                    }
                }
                self.crowd = pages;
            }
        }
    }

    fn check(&mut self) {
        self.announce([false; 3]);
        let mut names: Vec<_> =
            self.people.named().into_iter().map(|person| person.name.to_lowercase()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), self.people.named().len(), "no two go by one name");
        for page in &mut self.pages {
            page.heal(&self.people);
            page.state.people.sort_by(|one, other| one.id.cmp(&other.id));
            assert_eq!(page.state, self.people.state());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_page_ends_with_what_the_server_knows(steps in proptest::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in steps {
            world.step(&step);
        }
        world.check();
    }
}

fn joined(news: Option<&Signal>) -> (Vec<String>, Vec<PublicId>) {
    let Some(news) = news else { return Default::default() };
    let presence = read(&news.encoded);
    (presence.joined.into_iter().map(|person| person.name).collect(), presence.left)
}

#[test]
fn a_reload_and_a_second_tab_are_no_news_and_a_leave_is_told_once_after_the_grace() {
    let (mut people, mut announced) = (People::default(), Announced::default());
    let (ana, now) = (id(1), Instant::now());
    let wish = || Some(Claim::Wish("Ana".to_owned()));
    people.join(&id(0), 1, Some(Transport::Sse));
    announced.news(&people);
    people.join(&ana, 2, Some(Transport::Sse));
    people.name(&ana, wish(), &|_| false);
    assert_eq!(joined(announced.news(&people).as_ref()), (vec!["Ana".to_owned()], vec![]));

    people.join(&ana, 3, Some(Transport::Sse));
    assert!(!people.leave(&ana, 2, now + GRACE), "the other tab is open");
    assert!(announced.news(&people).is_none());
    assert!(people.leave(&ana, 3, now + GRACE));
    assert!(!people.let_go(&ana, now) && announced.news(&people).is_none());
    people.join(&ana, 4, Some(Transport::Sse));
    people.name(&ana, wish(), &|_| false);
    assert!(!people.let_go(&ana, now + GRACE), "a reload");
    assert!(announced.news(&people).is_none());

    people.leave(&ana, 4, now + GRACE);
    assert!(people.let_go(&ana, now + GRACE));
    assert_eq!(joined(announced.news(&people).as_ref()), (vec![], vec![ana.clone()]));
    assert!(!people.let_go(&ana, now + GRACE) && announced.news(&people).is_none());
}

#[test]
fn whoever_comes_and_goes_between_two_announcements_is_not_told_as_having_left() {
    let (mut people, mut announced) = (People::default(), Announced::default());
    people.join(&id(0), 1, Some(Transport::Sse));
    announced.news(&people);
    people.join(&id(1), 2, Some(Transport::Sse));
    people.name(&id(1), Some(Claim::Wish("Ana".to_owned())), &|_| false);
    people.leave(&id(1), 2, Instant::now());
    people.let_go(&id(1), Instant::now());
    assert_eq!(joined(announced.news(&people).as_ref()), (vec![], vec![]));
}

#[test]
fn of_a_crowd_only_the_count_is_told_and_names_come_back_after_it() {
    let (mut people, mut announced) = (People::default(), Announced::default());
    let most = u64::try_from(NAMED).unwrap();
    for page in 0..most {
        let who = PublicId(format!("p{page}"));
        people.join(&who, page, Some(Transport::WebSocket));
        people.name(&who, Some(Claim::Wish(format!("Ana {page}"))), &|_| false);
    }
    let first = read(&announced.news(&people).unwrap().encoded);
    assert_eq!(first.people.map(|people| people.len()), Some(NAMED));
    people.join(&id(9999), most, Some(Transport::WebSocket));
    let crowd = read(&announced.news(&people).unwrap().encoded);
    assert_eq!((crowd.count, crowd.people), (most + 1, Some(vec![])), "names are taken away once");
    people.join(&id(9998), most + 1, Some(Transport::WebSocket));
    let more = announced.news(&people).unwrap().encoded;
    assert!(more.json().len() < 250, "a count alone: {more:?}");
    people.forget(&id(9999));
    people.forget(&id(9998));
    let again = read(&announced.news(&people).unwrap().encoded);
    assert_eq!(again.people.map(|people| people.len()), Some(NAMED));
}

#[test]
fn an_admin_is_called_what_admins_are_called_and_others_give_way() {
    let mut people = People::default();
    for (who, page) in [(0, 1), (1, 2)] {
        people.join(&id(who), page, Some(Transport::Sse));
    }
    people.name(&id(0), Some(Claim::Wish("host".to_owned())), &|_| false);
    let displaced =
        people.name(&id(1), Some(Claim::Own("Host".to_owned())), &|name| name == "host");
    assert_eq!(displaced, Some(id(0)));
    assert_eq!(people.name_of(&id(0)), Some("host 2"));
    assert_eq!(people.name_of(&id(1)), Some("Host"));
}

#[test]
fn a_page_that_came_before_a_crowd_was_told_of_forgets_the_names() {
    let mut world = World::new();
    let name = Step::Name { who: 3, name: Some(0) };
    for step in [Step::Join { who: 3, page: 0, counted: true }, name, Step::Welcome { page: 0 }] {
        world.step(&step);
    }
    assert_eq!(world.pages[0].state.people.len(), 1);
    world.step(&Step::Crowd { pages: 200 });
    world.check();
}
