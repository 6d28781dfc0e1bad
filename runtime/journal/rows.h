/* SPDX-License-Identifier: MIT
 *
 * What the rows of a journal mean: verb and value of every type. The engine writes them, replay and
 * report read them. Changing a shape raises MU_JOURNAL_FORMAT.
 *
 * h  host; task "", seq 0, digest "". Not part of replay.
 *    start     {format, language, run, incident, world, seed, build, lua, seed_test, bundle (digest),
 *               playbook {name, version, summary, owner, changelog_line}, params {}, samples [],
 *               who {name, uid, host, tty}, reason, locks [], may_change [], stale_after_ms,
 *               followed_by, config (path), journal (path), budget?, secrets {name: source},
 *               clock {boot (id), ahead_ms, wall_ms: the run's clock and the wall's, minus the boot clock},
 *               source? {kind: published|draft, why, digest (of the playbook's files, without the prelude),
 *               folder (of a draft), published {playbook, version, digest, who, account, host, folder,
 *               commit, dirty, at, state, signatures [{role, person, signature, at}]}},
 *               drill {scenario, said [texts], ops [engine/sim.h], dry_people, targets {detect_ms ...}, expect {},
 *               every_ms, watch {every_ms, confirm}?} of a drill,
 *               trigger {kind: "schedule" | "watch" | "run" | "look", name, at} when no person started it; of a run that
 *               another one started (name): src, depth (how many above it), key (of that call), attempt,
 *               took_over {lock, from, reason} when a lock was taken from another run,
 *               undoes (run), undo_items [{number, task, seq, title, verb, names [], secrets {}?}] of an undo: the run it takes
 *               back and its items, in the order of this run's steps}
 *    resume    {epoch, pid, host, who {..}, down_ms, away_unknown?, clock, after?, stopped?}  an executor started on an existing
 *               journal; after: watchdog|crash, when the one before it ended by the playbook's fault;
 *               stopped: what the one before it could not write, so that it had to leave
 *    upgrade   {from {build, language, lua, seed_test}, to {..}, replayed}    another muster goes on with it
 *    frontier  {rows, ms}                                 replay reached the end of what was recorded
 *    stale     {down_ms}              the executor found that it had stood still so long, or that an answer had lain
 *                                      so long: before the next act a person is asked (until `unpark`)
 *    park      {why: stale|in_doubt|diverged|poisoned|budget|memory|secret|lock_lost|undone|died|storage|resources, text,
 *               next [commands], at_end?}   at_end: it stands where it would have ended, and sends nothing any more
 *    unpark    {who {..}, reason}                         a person said: go on
 *    refused   {kind: unpark, who {..}, reason, why}      an order of a person that does not count (any more)
 *    doubt     {task, seq, verb, src, why}                an act came in doubt
 *    again     {task, seq, verb, repeated, why}           it is sent again; durable before it leaves
 *    unsent    {task, seq, verb, repeated, why}           its intent stands, and it did not leave: frozen, or parked
 *               as stale, at the last look behind its sync; `again` follows when it leaves after all. repeated:
 *               of an `again`, so an earlier sending is in doubt as before
 *    decide    {task, seq, round?, verb, decision: applied|not-applied|retry|skip|result, result?, reason,
 *               who {..}, refused?, used?}                what a person said about an act in doubt, once for each
 *               time that it is (round, see doubts.h); refused: why it does not count, and never will;
 *               used: it had been taken, and could not be done
 *    stop      {text}                                     executor leaves in good order, run unfinished
 *    progress  {task, seq, verb, text}                    from mu_call_progress
 *    gate      {gate, kind, code} once opened; {gate, code, silent, asks} when the next one is asked
 *    told      {kind: gate|reminder|parked|died|ended, to, ok, why, sent []}  the host's own messages
 *    clock     {jump_ms}                              the wall clock jumped; the run's clock did not
 *    anchor    {row, head, to}    the chain's head at that row goes to an audience (anchor{} in muster.lua);
 *                                 that of the end row has none, it would stand behind it
 *    comment   {who {..}, text}                           `muster note`
 *    cancel    {who {..}, reason}
 *    lock      {lock, event: lost|taken, taker (run or ""), who {..}, reason}   what became of our lock
 *    frozen    {task, seq, verb, zone ("" = everything), who, reason, since}    an act waits for a thaw
 *    thawed    {task, seq, verb, zone, who, reason, waited_ms}                  it goes on, or is asked about
 *    end       {state: finished|failed|cancelled, result, why, exit, took_ms,
 *               counts {probes, acts, gates}, outlook {would_change [], would_tell [], would_ask [],
 *               would_wait [], cannot_foresee []} of a world that sends nothing}
 *
 * c  completion of a probe, a pure verb or a timer; value = the result.
 *    sleep     {at: ms}                                   when it was due
 *
 * i  intent; durable before the act leaves.
 *    an act    {args {} (by name, checked), shown (text for people), key, target, before, after, witness,
 *               recipients [], name, names [] (which a freeze covers), changes, undo {title, verb, args} or null, foreseen: true in worlds that send nothing,
 *               redirect {}: of a drill, where it goes instead of to what args say}
 *    a gate    verb approve|ask|todo|ack: {gate (id), kind, title, by, quorum, deadline_ms (wall ms), within_ms,
 *               then_ask, show, digest, no_self, choices [], default, remind_ms (ask, todo: where given)}
 *
 * o  outcome; durable after. task and seq of its intent.
 *    {ok: true, value, how: sent|readback|person|foreseen, who?}     value {skipped: true, why}: not done
 *    {ok: false, error {verb, class, why, in_doubt, src}, how, who?}  how also: "not sent", cancelled
 *    gate: {ok: true, value {yes, how: approved|declined|expired|cancelled|acknowledged|answered|done,
 *           text (ask: the answer, or the default of an expired one), reason, by {name}, at,
 *           votes [{who, from, at, answer: yes|no|ack|withdraw, text, reason}]}, how: person}
 *          also of a gate that nobody waits for any more: behind a cancel, a finish, the winner of a race
 *
 * n  note; written without waiting.
 *    step      {title}                evidence  {what, value}
 *    finding   {severity, what, message}
 *    milestone {name, at: ms}         undo      {title, verb?, args?}
 *    tell      {text}                 progress of a block: "mail up, stable 2/3"
 *    finish    {result, why}          fail      {why}
 */
#ifndef MU_JOURNAL_ROWS_H
#define MU_JOURNAL_ROWS_H

#define MU_ROW_HOST       'h'
#define MU_ROW_COMPLETION 'c'
#define MU_ROW_INTENT     'i'
#define MU_ROW_OUTCOME    'o'
#define MU_ROW_NOTE       'n'

/* The reason of an answer that --yes gave: no person thought about it. */
#define MU_REASON_YES "answered by --yes"

#endif
