//! What a page sends, and what programs post: JSON of a certain shape.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nowcast::command::read;

fuzz_target!(|data: &[u8]| {
    for default in [None, Some("command")] {
        if let Ok(frame) = read(data, default) {
            let text = serde_json::to_vec(&frame).expect("a frame can be written");
            let again = read(&text, None).expect("what was written can be read");
            assert_eq!(frame, again);
        }
    }
});
