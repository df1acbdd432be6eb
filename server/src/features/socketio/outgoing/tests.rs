//! What pages are told of frames.

use super::super::moved::Step;
use super::*;

fn telling() -> (Telling, Moved) {
    let moved = Moved::default();
    let mut telling = Telling::new("/".to_owned(), moved.clone());
    let welcome = json!({"t": "welcome", "protocol": 1, "room": "main", "you": "pMe",
        "epoch": "e1", "offset": 4, "recovered": true, "snapshot": null});
    telling.tell(welcome.to_string().as_bytes());
    (telling, moved)
}

/// The names and arguments of what a page is told.
fn told(telling: &mut Telling, frame: &Value) -> Vec<Value> {
    let Told::Packets(packets) = telling.tell(frame.to_string().as_bytes()) else {
        panic!("it is over");
    };
    let read = |packet: &String| serde_json::from_str(packet.strip_prefix('2').unwrap());
    packets.iter().map(read).collect::<Result<_, _>>().unwrap()
}

fn answer(number: u64) -> Told {
    Told::Packets(vec![format!(r#"3{number}[{{"offset":5}}]"#)])
}

fn event(event: &Value) -> Value {
    json!({"t": "event", "offset": 5, "at": 17, "by": {"role": "viewer", "id": "pMe"},
        "event": event})
}

fn place() -> Value {
    json!({"offset": 5, "position": "e1:5", "at": 17, "by": {"role": "viewer", "id": "pMe"}})
}

#[test]
fn a_post_is_an_item_and_a_tweet() {
    let (mut telling, _) = telling();
    let data = json!({"user": "Ana", "text": "Hi\n\"you\"", "source": "Mastodon"});
    let item = json!({"id": "i1", "offset": 5, "kind": "post", "data": data});
    let frame = event(&json!({"kind": "item_published", "item": item}));
    let tweet = json!({"id": "i1", "user": "Ana", "text": "Hi\n\"you\"", "picture": null});
    assert_eq!(
        told(&mut telling, &frame),
        [json!(["item", item, place()]), json!(["tweet", tweet, place()])]
    );
}

#[test]
fn what_is_kept_arrives_once() {
    let (mut telling, _) = telling();
    let item = json!({"id": "i1", "kind": "message", "data": {"text": "Hi"}});
    for (kept, expected) in [
        (json!({"kind": "item_published", "item": item}), json!(["item", item, place()])),
        (json!({"kind": "item_edited", "item": item}), json!(["item_edited", item, place()])),
        (
            json!({"kind": "item_deleted", "item": "i1"}),
            json!(["item_deleted", {"id": "i1"}, place()]),
        ),
        (
            json!({"kind": "said", "id": "s1", "name": "Ana", "text": "Hi"}),
            json!(["chat", {"id": "s1", "name": "Ana", "text": "Hi", "at": 17}, place()]),
        ),
        (
            json!({"kind": "variable_unset", "name": "goal"}),
            json!(["event", {"kind": "variable_unset", "name": "goal"}, place()]),
        ),
    ] {
        assert_eq!(told(&mut telling, &event(&kept)), [expected], "{kept}");
    }
}

#[test]
fn a_mover_does_not_hear_of_its_own_moves_and_of_others_it_does() {
    let (mut telling, moved) = telling();
    let landed = event(&json!({"kind": "piece_moved", "piece": "logo", "x": 0.5, "y": 1.0}));
    let position = json!({"piece": "logo", "x": 0.5, "y": 1.0, "by": "pMe"});
    let told_of = json!(["position", position, place()]);
    assert_eq!(
        told(&mut telling, &landed),
        std::slice::from_ref(&told_of),
        "another page of the same person"
    );
    for number in 0..5 {
        moved.begin(&command_id("sid", number), Step::Drop("logo".parse().unwrap()));
    }
    for number in 0..4 {
        let ack = json!({"t": "ack", "command": command_id("sid", number), "offset": 5});
        assert_eq!(telling.tell(ack.to_string().as_bytes()), answer(number));
        assert!(told(&mut telling, &landed).is_empty(), "drop {number}");
    }
    let command = command_id("sid", 4);
    let reject = json!({"t": "reject", "command": command, "code": "piece_held", "message": "No."});
    telling.tell(reject.to_string().as_bytes());
    assert_eq!(told(&mut telling, &landed), [told_of]);
    let signal = json!({"kind": "piece_moving", "piece": "logo", "x": 0.25, "y": 0, "by": "pA"});
    let moving = json!({"t": "signal", "signal": signal});
    let position = json!({"piece": "logo", "x": 0.25, "y": 0, "by": "pA"});
    assert_eq!(told(&mut telling, &moving), [json!(["position", position])]);
}

#[test]
fn a_mover_that_registered_meanwhile_is_still_the_mover() {
    let (mut telling, moved) = telling();
    let you = json!({"kind": "you", "you": "pAna", "user": "ana"});
    assert_eq!(
        told(&mut telling, &json!({"t": "signal", "signal": you})),
        [json!(["signal", you])]
    );
    moved.begin(&command_id("sid", 1), Step::Drop("logo".parse().unwrap()));
    let moved = json!({"kind": "piece_moved", "piece": "logo", "x": 0.5, "y": 1.0});
    let mut landed = event(&moved);
    landed["by"]["id"] = "pAna".into();
    assert!(told(&mut telling, &landed).is_empty());
}

#[test]
fn pushes_and_signals_have_names() {
    let (mut telling, _) = telling();
    let push = json!({"t": "push", "id": "n1", "data": "hello"});
    assert_eq!(told(&mut telling, &push), [json!(["push", {"data": "hello"}, {"id": "n1"}])]);
    let presence = json!({"t": "signal", "signal": {"kind": "presence", "version": 3, "count": 2}});
    assert_eq!(told(&mut telling, &presence), [json!(["presence", {"version": 3, "count": 2}])]);
    let typing = json!({"kind": "typing", "by": "pA", "name": "Ana"});
    let frame = json!({"t": "signal", "signal": typing});
    assert_eq!(told(&mut telling, &frame), [json!(["signal", typing])]);
}

#[test]
fn answers_go_to_who_asked() {
    let (mut telling, _) = telling();
    let id = command_id("sid", 7);
    let mut packets = |frame: Value| match telling.tell(frame.to_string().as_bytes()) {
        Told::Packets(packets) => packets,
        Told::Over { .. } => panic!("it is over"),
    };
    let ack = json!({"t": "ack", "command": id, "offset": 9});
    assert_eq!(packets(ack), [r#"37[{"offset":9}]"#]);
    assert_eq!(packets(json!({"t": "ack", "command": id})), [r#"37[{"offset":null}]"#]);
    assert!(packets(json!({"t": "ack", "command": null, "offset": 9})).is_empty());
    let reject = json!({"t": "reject", "command": id, "code": "forbidden", "message": "No\n."});
    assert_eq!(packets(reject).len(), 2);
    let reject = json!({"t": "reject", "command": null, "code": "forbidden", "message": "No."});
    assert_eq!(packets(reject), [r#"2["error_message",{"code":"forbidden","message":"No."}]"#]);
}

#[test]
fn a_welcome_says_whether_it_continues_and_what_is_there() {
    let mut telling = Telling::new("/finals".to_owned(), Moved::default());
    let welcome = json!({"t": "welcome", "protocol": 1, "room": "finals", "you": "pMe",
        "epoch": "e1", "offset": 4, "recovered": false,
        "snapshot": {"title": "Finals", "items": [], "presence": {"count": 1}}});
    let Told::Packets(packets) = telling.tell(welcome.to_string().as_bytes()) else { panic!() };
    let read = |packet: &str| -> Value {
        serde_json::from_str(packet.strip_prefix("2/finals,").unwrap()).unwrap()
    };
    let expected = json!({"room": "finals", "you": "pMe", "epoch": "e1", "offset": 4,
        "position": "e1:4", "recovered": false, "title": "Finals", "items": [],
        "presence": {"count": 1}});
    assert_eq!(read(&packets[0]), json!(["welcome", expected]));
    assert_eq!(read(&packets[1]), json!(["presence", {"count": 1}]));
}

#[test]
fn the_end_has_a_reason() {
    let (mut telling, _) = telling();
    for reason in Reason::ALL {
        let goodbye = json!({"t": "goodbye", "reason": reason, "reconnect": reason.reconnect()});
        let Told::Over { packets, reconnect } = telling.tell(goodbye.to_string().as_bytes()) else {
            panic!("{reason} is an end");
        };
        assert_eq!(reconnect, reason.reconnect());
        assert!(packets[0].contains("error_message") && packets[0].contains(reason.as_str()));
    }
}
