//! Guests that fail to start, thousands of times: nothing of an instance stays behind.

use crate::{
    attack::{Attack, Ends},
    computing::starts_with,
    guest::handler_with,
    rig::Answer,
    table::beside_a_neighbour,
};

#[test]
fn what_does_not_start_leaves_nothing_behind() {
    let trap = handler_with("(func $start unreachable) (start $start)", "(call $ok)");
    beside_a_neighbour(
        "starts",
        vec![
            Attack::loaded("100 loads of what traps at its start", trap, "does not start within its limits: trapped")
                .times(100),
            Attack::new(
                "2,000 runs of what traps at its start",
                starts_with("unreachable"),
                Ends::As("trapped", "unreachable"),
            )
            .asks(Answer::ok(""))
            .times(2000),
        ],
    );
}
