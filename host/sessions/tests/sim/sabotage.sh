#!/usr/bin/env bash
# Breaks the state machine on purpose, one promise at a time, in a copy of the crate, and sees the simulation find it.
#
#   host/sessions/tests/sim/sabotage.sh            every one below
#   host/sessions/tests/sim/sabotage.sh NAME…      these
#
# Needs perl. A sabotage that no longer fits the source, or that is not found in SEEDS histories, fails the script.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

SEEDS=${SEEDS:-600}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
# Always the same path, so that only what changed is built again.
copy=$CARGO_TARGET_DIR/sabotage
trap 'rm -rf "$copy"' EXIT

# name | promise of the design | file under src | perl substitution over the whole file
sabotages() {
    cat <<'LIST'
answer-first|1, durable before it is answered|writer/step.rs|s/(\s+)(self\.commit\(last, changes, now\)\?;)(.*?)\s+self\.answer\(answers, now\)\?;/$1self.answer(answers, now)?;$1$2$3/s
no-sync|1, durable before it is answered|store/log/segment.rs|s/self\.file\.sync\(\)\.map_err\(\|error\| io\("cannot be synced", &error\)\)/Ok(())/
any-client-key|2, one operator at a time|rules/client.rs|s/if client\.key != key \{/if false {/
any-run-key|2, one operator at a time|rules/run.rs|s/State::Repeating \{ key, \.\. \} if key == run_key => Ok/State::Repeating { .. } => { let _ = run_key; Ok/; s/(let _ = run_key; Ok\(\(\)\)),/$1 }/
lost-goes-on|2, one operator at a time|rules/client.rs|s/Standing::Lost => return Err\(Refusal::LeaseLost\(id\)\)/Standing::Lost => {}/
forget-repeating|3, nothing is lost|writer/mod.rs|s/for some in repeating\.chunks/for some in repeating[..0].chunks/
no-fresh-lease|3, nothing is lost|writer/mod.rs|s/for session in &active \{/for session in active.iter().skip(1) {/
lose-due|3, nothing is lost|store/logged/generation.rs|s/self\.lines\.insert\(row, kept\.id\);/if kept.id.index % 5 != 0 { self.lines.insert(row, kept.id); }/
free-too-much|3, nothing is lost|store/logged/checkpoint.rs|s/ring\(\)\.free\(covered\)\?/ring().free(covered + 3)?/
torn-number-again|3, nothing is lost|store/logged/recovery.rs|s/let last = survey\.torn\(\)\.unwrap_or\(last\);//
retry-twice|4, retries are safe|rules/client.rs|s/number != 0 && last\.number == number\)/number != 0 && last.number == number && false)/
forget-answers|4, retries are safe|writer/tombstones.rs|s/remember\.push\(\(row, tombstones\)\);/let _ = tombstones;/
forget-unsettled|4, retries are safe|writer/tombstones.rs|s/\(number, _\)\| \*number < below\)/(number, _)| *number <= below)/
forget-heard-of|4, retries are safe|writer/tombstones.rs|s/match client\.zip\(tombstone\.unsettled\) \{/match client.zip(tombstone.unsettled.filter(|number| number % 4 != 0)) {/
forget-others|4, retries are safe|writer/tombstones.rs|s/while self\.unnamed > self\.bounds\.unnamed_max/while self.unnamed + 1 > self.bounds.unnamed_max/
forget-unheard-of|4, retries are safe|writer/tombstones.rs|s/self\.hear\(by\.name\.caller, origin\.access, 0, self\.longest_lease\);/let _ = by;/
lose-in-moving|4, retries are safe|writer/tombstones.rs|s/self\.move_to\(RowKey \{ at, \.\.row \}, row, from, tombstone\);/let _ = (at, from, tombstone);/
anybodys-numbers|4, retries are safe|writer/batch.rs|s/handed_on \|= is_by_another/handed_on |= false \&\& is_by_another/
settled-again|4, retries are safe|writer/tombstones.rs|s/if number < \*settled_below =>/if number < *settled_below \&\& number % 2 == 0 =>/
unlisted-request|4, retries are safe|store/logged/generation.rs|s/self\.requests\.insert\(name, change\.id\);/let _ = name;/
unwritten-request|4, retries are safe|store/redb/requests.rs|s/table\.insert\(after\.to_bytes\(\), id\.to_bytes\(\)\)\.map_err\(io\)\?;/let _ = after;/
any-request|4, retries are safe|writer/batch.rs|s/self\.by_request\.insert\(by\.name, session\.id\);/let _ = by;/
keep-trapped|5, a run's operations: all or nothing|rules/run.rs|s/if report\.outcome\.is_returned\(\) \{/if true {/
half-a-run|5, a run's operations: all or nothing|rules/run.rs|s/return Err\(Refusal::SessionFinished\(after\.id\)\);/break;/
go-on|6, an I\/O error ends service|store/log/segment.rs|s/self\.file\.sync\(\)\.map_err\(\|error\| io\("cannot be synced", &error\)\)/{ let _ = self.file.sync(); Ok(()) }/
clock-back|7, time|clock.rs|s/if wall_us < slow_us \{/if false {/
time-anew|7, time|writer/mod.rs|s/SteadyTime::going_on\(now_ms\.saturating_mul\(1000\),/SteadyTime::going_on(now_ms.min(0),/
short-lease|7, time|writer/leases.rs|s/let end = now\.saturating_add\(length\);/let end = now.saturating_add(length \/ 2);/
never-parked|parked after max_repeats|rules/run.rs|s/after\.repeats >= stamp\.policy\.max_repeats/after.repeats > stamp.policy.max_repeats/
uncounted|a repeat counts before it starts|rules/run.rs|s/after\.repeats = session\.repeats\.saturating_add\(1\);/after.repeats = session.repeats;/
too-many-runs|a kind's workers|writer/schedule.rs|s/line\.workers\.saturating_sub\(line\.running\)/line.workers/
kind-blocks-kind|kinds do not block each other|writer/timers.rs|s/(self\.schedule\.learned\(kind, head\);)/$1 if due == free { break; }/
broken-stays|a stream that breaks is a client that died|writer/pipelines.rs|s/if local\.standing == Here::Heard && !local\.outlives \{/if false {/
outliving-left|a session may outlive its stream|writer/pipelines.rs|s/ && !local\.outlives \{/ {/
lost-lives|a session that was lost stays so for its stream|writer/pipelines.rs|s/&& local\.standing != Here::Lost/\&\& true/
any-stream|a local number is its stream's own|writer/turns.rs|s/self\.timers\.pipelines\.handle\(self\.pipeline, local\)/self.timers.pipelines.handle(self.pipeline.min(1), local)/
deaf-number|a stream's end is no word about a client who is elsewhere|writer/step.rs|s/=> timers\.pipelines\.heard\(handle\.id, None\),/=> {}/
pause-forgotten|a pause holds over restarts|store/logged/generation.rs|s/self\.pauses\.extend\(changes\.pauses\);//
pause-not-taken-over|a pause holds over restarts|writer/mod.rs|s/timers\.schedule\.set_paused\(\*kind, true\);/let _ = kind;/
parked-runs-on|2, one operator at a time|rules/admin.rs|s/AdminOp::Park => \{(.*?)take_from_client\(&mut after\);/AdminOp::Park => {$1/s
redrive-counts-on|a redriven session is counted anew|rules/admin.rs|s/after\.repeats = 0;//
run-cut-off|2, one operator at a time|rules/admin.rs|s/\(Repeat \| Park \| Delete, Stored\)/(Delete, Repeating) | (Repeat | Park | Delete, Stored)/; s/\(Repeat \| Park \| Delete, Repeating\)/(Repeat | Park, Repeating)/
changed-anyway|what changed since it was looked at is left alone|rules/admin.rs|s/seen != session\.change_id\)/seen.index > session.change_id.index)/
parked-unlisted|every session can be found|store/redb/due.rs|s/write_one\(transaction, PARKED, Line::Parked, changes\)/let _ = PARKED; Ok(())/
void-listed|every session can be found|store/logged/due.rs|s/let is_void = \|id: Index\| store\.generations\(\)\.any\(\|generation\| generation\.get\(id\)\.is_some\(\)\);\n    let void/let is_void = |_: Index| false;\n    let void/
mark-too-far|every session can be found|store/logged/due.rs|s/if self\.base\.is_empty\(\) \{/if true {/
wrong-head|what is due first is told|writer/reads.rs|s/store\.due\(\*kind, u64::MAX, 1\)\?;/store.due(*kind, u64::MAX, 2)?.into_iter().rev().collect::<Vec<_>>();/
LIST
}

make_copy() {
    rm -rf "$copy"
    mkdir -p "$copy/host"
    cp -r host/sessions host/untrusted "$copy/host/"
    cp Cargo.lock clippy.toml rustfmt.toml "$copy/" 2>/dev/null || true
    # A workspace of this crate and the one below it, built fast rather than well.
    perl -0pe 's/members = \[.*?\]/members = ["host\/sessions", "host\/untrusted"]/s; s/\[profile\.dev\.package\.mpy6a-sessions\]\nopt-level = 2/[profile.dev.package.mpy6a-sessions]\nopt-level = 1/' \
        Cargo.toml >"$copy/Cargo.toml"
}

try() {
    local name=$1 promise=$2 file=$3 change=$4 found
    make_copy
    perl -0pi -e "$change" "$copy/host/sessions/src/$file"
    if cmp -s "host/sessions/src/$file" "$copy/host/sessions/src/$file"; then
        echo "$name: does not fit $file any more: bring it up to date"
        return 1
    fi
    if ! (cd "$copy" && cargo test --quiet -p mpy6a-sessions --test sim --no-run) >"$copy/build.log" 2>&1; then
        echo "$name: does not build:"
        tail -20 "$copy/build.log"
        return 1
    fi
    if (cd "$copy" && cargo test --quiet -p mpy6a-sessions --test sim -- --seeds "$SEEDS" --no-sweeps) >"$copy/run.log" 2>&1; then
        echo "$name ($promise): NOT FOUND in $SEEDS histories"
        return 1
    fi
    found=$(grep -m1 VIOLATED "$copy/run.log" | cut -c1-150) || { tail -20 "$copy/run.log"; return 1; }
    echo "$name ($promise): $found"
}

failed=0
while IFS='|' read -r name promise file change; do
    if [ $# -gt 0 ] && ! [[ " $* " == *" $name "* ]]; then continue; fi
    try "$name" "$promise" "$file" "$change" || failed=1
done < <(sabotages)
exit $failed
