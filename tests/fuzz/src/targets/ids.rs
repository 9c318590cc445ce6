//! Ids of sessions: as people write them, and as keys in the store.
//!
//! Input: 32 bytes, two keys; then text, an id.
//!
//! * The host and its client read the same ids, and read what they write.
//! * An id is digits, a hyphen and digits: nothing else passes for one, so no two spellings name one session but for
//!   leading zeroes.
//! * Keys sort as history does.

use mpy6a_client::Index as ClientIndex;
use mpy6a_sessions::Index;

use crate::{Parsed, Target, input::Input, words};

/// The target.
pub const TARGET: Target =
    Target { name: "ids", input_bytes_max: 128, run, seeds, words: &["-", "0", "18446744073709551615"] };

fn run(bytes: &[u8]) -> Parsed {
    let mut input = Input::new(bytes);
    keys([input.array(), input.array()]);
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    let parsed = text.parse::<Index>();
    assert_eq!(
        text.parse::<ClientIndex>().ok().map(|it| (it.term, it.index)),
        parsed.as_ref().ok().map(|it| (it.term, it.index))
    );
    match &parsed {
        Ok(id) => {
            assert_eq!(id.to_string().parse::<Index>().as_ref(), Ok(id));
            let bare = |digits: &str| digits.trim_start_matches('0').to_owned();
            let (term, index) = text.split_once('-').expect("an id has a hyphen");
            let plain = |number: u64| bare(&number.to_string());
            assert_eq!((bare(term), bare(index)), (plain(id.term), plain(id.index)), "{text:?} passes for an id");
        }
        Err(error) => words::check(&error.to_string()),
    }
    Parsed::of(&parsed)
}

fn keys(keys: [[u8; Index::BYTES]; 2]) {
    let [one, two] = keys.map(Index::from_bytes);
    assert_eq!([one, two].map(Index::to_bytes), keys);
    assert_eq!(one.cmp(&two), keys[0].cmp(&keys[1]));
}

fn seeds() -> Vec<Vec<u8>> {
    let keys = |one: Index, two: Index| [one.to_bytes(), two.to_bytes()].concat();
    let (one, two) = (Index { term: 1, index: 7 }, Index { term: 2, index: 7 });
    ["3-1042", "0-0", "18446744073709551615-18446744073709551615", "007-1"]
        .map(|text| [keys(one, two), text.into()].concat())
        .into()
}
