//! A filter, as the query of a URL has it: `kind=1&state=parked&older_s=3600&repeats=2&outcome=trapped&cause=refused`, with
//! `for=redrive` (and `force=1`) only what that can be done to, with `size` and `page` a page of it.

use mpy6a_proto::v1;

use super::answer::Refused;
use crate::{
    grpc::admin::act::states_for,
    json::{action_named, state_named},
};

/// What is asked for: a page, or nothing at all, because no session that the filter lets through could be acted on so.
pub fn page(query: &[(String, String)], now_ms: u64) -> Result<Option<v1::ListSessionsRequest>, Refused> {
    let mut request = v1::ListSessionsRequest::default();
    let mut filter = v1::Filter::default();
    let (mut action, mut force) = (None, false);
    let ago = |seconds: u64| now_ms.saturating_sub(seconds.saturating_mul(1_000));
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "kind" => filter.kinds.push(number(name, value)?),
            "state" => filter.states.push(state_named(value).ok_or_else(|| wrong_state(value))?.into()),
            "older_s" => filter.created_until_ms = Some(ago(number(name, value)?)),
            "younger_s" => filter.created_from_ms = Some(ago(number(name, value)?)),
            "repeats" => filter.repeats_min = Some(number(name, value)?),
            "outcome" => filter.last_outcome.clone_from(value),
            "cause" => filter.last_cause_has.clone_from(value),
            "for" => action = Some(action_named(value).ok_or_else(|| wrong_action(value))?),
            "force" => force = value == "1",
            "size" => request.page_size = number(name, value)?,
            "page" => request.page_token.clone_from(value),
            _ => return Err(Refused::invalid(format!("{name:?} is no part of a filter: leave it out"))),
        }
    }
    if let Some(action) = action {
        let possible: Vec<i32> = states_for(action, force).into_iter().map(Into::into).collect();
        let asked = std::mem::replace(&mut filter.states, possible);
        filter.states.retain(|state| asked.is_empty() || asked.contains(state));
        if filter.states.is_empty() {
            return Ok(None);
        }
    }
    request.filter = Some(filter);
    Ok(Some(request))
}

/// A whole number from a query.
///
/// # Errors
///
/// `REQUEST_INVALID`: it is none.
pub fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Refused> {
    let wrong = |_| Refused::invalid(format!("`{name}` is {value:?}: write a whole number that fits"));
    value.parse().map_err(wrong)
}

fn wrong_state(value: &str) -> Refused {
    Refused::invalid(format!("`state` {value:?} is none: use active, stored, repeating or parked"))
}

/// An action that there is not.
pub fn wrong_action(value: &str) -> Refused {
    Refused::invalid(format!("the action {value:?} is none: use repeat, park, redrive or delete"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use v1::SessionState::{Active, Parked, Stored};

    use super::*;

    const NOW_MS: u64 = 1_000_000;

    fn asked(query: &str) -> Result<Option<v1::ListSessionsRequest>, Refused> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        page(&pairs, NOW_MS)
    }

    fn states(query: &str) -> Vec<v1::SessionState> {
        asked(query).unwrap().unwrap().filter.unwrap().states().collect()
    }

    #[test]
    fn each_part_of_a_query_goes_into_the_filter() {
        let query =
            "kind=1&kind=7&state=parked&older_s=60&younger_s=900&repeats=3&outcome=trapped&cause=no%20&size=5&page=h";
        let request = asked(query).unwrap().unwrap();
        let filter = request.filter.unwrap();
        assert_eq!((request.page_size, request.page_token.as_str()), (5, "h"));
        assert_eq!((filter.kinds.as_slice(), filter.states.as_slice()), (&[1, 7][..], &[Parked.into()][..]));
        assert_eq!((filter.created_until_ms, filter.created_from_ms), (Some(940_000), Some(100_000)));
        assert_eq!((filter.repeats_min, filter.last_outcome.as_str()), (Some(3), "trapped"));
    }

    #[test]
    fn what_is_empty_lets_all_through_and_time_does_not_begin_before_1970() {
        assert_eq!(asked("kind=&state=&cause=").unwrap().unwrap().filter, Some(v1::Filter::default()));
        let filter = asked("older_s=18446744073709551615").unwrap().unwrap().filter.unwrap();
        assert_eq!(filter.created_until_ms, Some(0));
    }

    #[test]
    fn an_action_narrows_the_states_to_those_in_which_it_can_be_done() {
        assert_eq!(states("for=redrive"), [Parked]);
        assert_eq!(states("for=delete"), [Stored, Parked]);
        assert_eq!(states("for=delete&force=1"), [Stored, Parked, Active]);
        assert_eq!(states("for=delete&state=parked&state=repeating"), [Parked]);
        assert!(asked("for=redrive&state=stored").unwrap().is_none(), "nothing, and not everything");
    }

    #[test]
    fn nonsense_is_refused() {
        for query in [
            "kind=x",
            "kind=-1",
            "kind=4294967296",
            "state=lost",
            "repeats=1.5",
            "for=burn",
            "colour=red",
            "older_s=1h",
        ] {
            assert!(asked(query).is_err(), "{query}");
        }
    }
}
