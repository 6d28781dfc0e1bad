-- SPDX-License-Identifier: MIT
config {
  smtp = { control = { "mx.control.example" } },
  domains = {
    ["example.com"] = { provider = "dns", standby = "mx-standby.example.net", recipient = "postmaster@example.com",
                        primary = { "mx1.example.com", "mx2.example.com" } },
  },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana  = { name = "Ana Ruiz", teams = { "incident-lead", "mail-platform" }, contact = { "push:ana", "chat:ana" } },
    cleo = { name = "Cleo Adeyemi", teams = { "incident-lead" }, contact = { "push:cleo" } },
    bo   = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "push:bo" } },
  },
  audiences = { stakeholders = { { "chat:status", "push:status" } } },
  ladders = { ["mail-oncall"] = { { page = "ana", ack_within = "5m" }, { page = "bo", ack_within = "5m" } } },
}

local MOVED = "zone.set_mx example.com 10 mx-standby.example.net"
local PUT_BACK = "zone.set_mx example.com 10 mx1.example.com, 20 mx2.example.com"
local FAILING, RESTORED = "notify stakeholders mail-failing", "notify stakeholders mail-restored"
local UNDO = "Put the old MX rrset back"

ordinary(function(world) -- mail flows over the primary, and the standby would take it
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")
  world:mx("example.com", { "10 mx1.example.com", "20 mx2.example.com" }, 3600)
  world:mail_server("mx1.example.com", "192.0.2.10")
  world:mail_server("mx2.example.com", "192.0.2.11")
  world:mail_server("mx-standby.example.net", "198.51.100.21")
  world:mail_server("mx.control.example", "203.0.113.5")
end)

-- Both exchangers are silent, the control target answers, the standby would take mail.
local function outage(world)
  world:smtp("mx1.example.com", "timeout")
  world:smtp("mx2.example.com", "refused")
end

local function approved(world, after)
  world:person("ana", { says = "yes", after = after or "2m", why = "DC2 lost power" })
end

local function untouched(run, acts)
  run:expect_acts(acts or { FAILING })
  run:expect_undo {}
  run:expect_not_told("stakeholders", "mail-restored")
end

-- What people read of it, word for word where it matters.
local function text_of(run, template)
  for _, one in ipairs(run.told) do
    if one.template == template then return one.subject .. "\n" .. one.text end
  end
  return ""
end

local function says(run, template, words)
  expect(string.find(text_of(run, template), words, 1, true) ~= nil, true, template .. " says: " .. words)
end

-- --- it works ------------------------------------------------------------------------------------

test("moves the MX to the standby, and mail flows", function(world)
  outage(world)
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over", "via mx-standby.example.net")
  run:expect_acts { FAILING, MOVED, RESTORED }
  run:expect_asked { title = "Point example.com at mx-standby.example.net?", by = "incident-lead", who = "ana", how = "approved", reason = "DC2 lost power" }
  run:expect_steps { "First look", "Is inbound mail really down?", "Is the standby fit to take it now?", "Ask, then move the MX", "Prove that mail flows" }
  run:expect_milestones { "detected", "decided", "mitigated", "resolved" }
  run:expect_undo { UNDO }
  run:expect_took { at_least = "3m", at_most = "3m" } -- two minutes to think, then three looks in a row
  says(run, "mail-failing", "Mail to example.com is failing")
  says(run, "mail-failing", "late, not lost")
  says(run, "mail-failing", "since 2026-01-05T09:00:00Z")
  says(run, "mail-failing", "Next update within 30m")
  says(run, "mail-restored", "until 2026-01-05T10:00:00Z") -- the TTL of before
  says(run, "mail-restored", "Mail to example.com is accepted again, by mx-standby.example.net")
  expect({ run.evidence[1].what, run.evidence[2].what }, { "inbound mail of example.com", "pre-flight of mx-standby.example.net" }, "what was seen")
end)

test("shows what a decision needs", function(world)
  outage(world)
  approved(world)
  local run, shown = world:run { domain = "example.com" }, 0
  for _, row in ipairs(run.rows) do
    if row.type == "i" and row.verb == "approve" then
      local show = row.value.show
      shown = shown + 1
      expect(show["if we wait"], "senders retry 4-5 days: late, not lost", "what waiting costs")
      expect(show["if we switch"], "caches may send to the old MX for up to 3600 s more", "what switching costs")
      expect(show.change.from.mx, { { host = "mx1.example.com", preference = 10 }, { host = "mx2.example.com", preference = 20 } }, "what there was")
      expect(show.change.to[1].host, "mx-standby.example.net", "what there will be")
      expect(show.items[1].verdict, "down", "what was seen")
      expect(show.items[2].ok, true, "the pre-flight")
    end
  end
  expect(shown, 1, "questions")
end)

test("adds the standby before the others when it is told to", function(world)
  outage(world)
  approved(world)
  local run = world:run { domain = "example.com", how = "add" }
  run:expect_result("failed_over")
  run:expect_acts { FAILING, MOVED .. ", 20 mx1.example.com, 30 mx2.example.com", RESTORED }
end)

-- --- nothing to do, or nothing to be sure of -----------------------------------------------------

test("touches nothing while mail flows", function(world)
  outage(world)
  world:smtp_up("mx2.example.com")
  local run = world:run { domain = "example.com" }
  run:expect_result("no_action", "UP")
  run:expect_acts {}
  run:expect_not_asked()
  run:expect_milestones {}
end)

test("a server that is busy is no outage", function(world)
  outage(world)
  world:smtp("mx1.example.com", "busy")
  local run = world:run { domain = "example.com" }
  run:expect_result("no_action", "INCONCLUSIVE")
  untouched(run, {})
end)

test("an outage of our own network is no outage of theirs", function(world)
  outage(world)
  world:smtp_down("mx.control.example")
  local run = world:run { domain = "example.com" }
  run:expect_result("no_action", "our own port 25 seems blocked")
  untouched(run, {})
end)

test("mail that is refused is lost: people are told so", function(world)
  outage(world)
  world:smtp("mx1.example.com", "rejecting")
  world:smtp("mx2.example.com", "rejecting")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over")
  says(run, "mail-failing", "mail sent now bounces")
  for _, row in ipairs(run.rows) do
    if row.type == "i" and row.verb == "approve" then
      expect(row.value.show["if we wait"], "mail is refused now and bounces: it is lost to us", "what waiting costs")
    end
  end
end)

test("what counts is where the DNS host sends mail, not what a resolver still has", function(world)
  outage(world)
  world:mail_server("mx-old.example.com", "192.0.2.99")
  world:mx("example.com", { "10 mx-old.example.com" }, 3600, { at = "resolver" })
  world:result("mail.inbound", { ok = false, verdict = "down", broken = true, why = "seen by the watch" }, { times = 1 })
  approved(world)
  world:run({ domain = "example.com" }):expect_result("failed_over")
end)

test("a DNS host that does not answer ends it before anybody is told", function(world)
  outage(world)
  world:provider("dns", "timeout")
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "DNS provider does not answer: take the second path: dns: no answer in time")
  untouched(run, {})
end)

-- --- the standby ---------------------------------------------------------------------------------

test("a standby that is down is not moved to; those on call hear of it", function(world)
  outage(world)
  world:smtp_down("mx-standby.example.net")
  world:person("bo", { says = "yes", after = "1m" }) -- ana does not answer
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "mx-standby.example.net")
  untouched(run, { FAILING, "page ana primary-and-standby-down", "page bo primary-and-standby-down" })
  run:expect_told("bo", "primary and standby MX both unfit")
  run:expect_asked { kind = "ack", by = "ana", how = "expired" }
  run:expect_asked { kind = "ack", by = "bo", who = "bo" }
  says(run, "primary-and-standby-down", "example.com: primary and standby MX both unfit")
  says(run, "primary-and-standby-down", "no connection in time")
  says(run, "primary-and-standby-down", "the standby mx-standby.example.net can't take it")
  run:expect_took { at_least = "6m", at_most = "7m" }
end)

test("a standby that refuses our recipient is not moved to", function(world)
  outage(world)
  world:smtp("mx-standby.example.net", "rejecting", "rcpt: 550 5.7.1 relaying denied")
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "relaying denied")
  run:expect_undo {}
end)

-- --- people --------------------------------------------------------------------------------------

test("a no is a no", function(world)
  outage(world)
  world:person("ana", { says = "no", after = "1m", why = "the line comes back in ten minutes" })
  local run = world:run { domain = "example.com" }
  run:expect_result("declined", "the line comes back in ten minutes")
  untouched(run)
  run:expect_milestones { "detected" }
end)

test("nobody answers: the next is asked, then it expires", function(world)
  outage(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("expired")
  untouched(run)
  run:expect_told("bo", "gate")
  run:expect_took { at_least = "20m", at_most = "21m" } -- ten minutes each
end)

test("the duty manager decides when the lead does not", function(world)
  outage(world)
  world:person("bo", { says = "yes", after = "1m" })
  local run = world:run { domain = "example.com", answer = "5m" }
  run:expect_result("failed_over")
  run:expect_asked { who = "bo", how = "approved" }
  run:expect_took { at_least = "7m", at_most = "8m" }
end)

test("an answer that comes too late changes nothing", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "21m" })
  local run = world:run { domain = "example.com" }
  run:expect_result("expired")
  untouched(run)
end)

test("a quorum of two needs two people, and a yes can be taken back", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m", later = { says = "withdraw", after = "1m", later = { says = "yes", after = "5m" } } })
  world:person("cleo", { says = "yes", after = "3m" })
  local run = world:run { domain = "example.com", quorum = 2 }
  run:expect_result("failed_over")
  run:expect_took { at_least = "8m", at_most = "9m" } -- cleo's alone is not enough
end)

test("one of two who says no is enough", function(world)
  outage(world)
  approved(world, "1m")
  world:person("cleo", { says = "no", after = "2m", why = "not during the audit" })
  local run = world:run { domain = "example.com", quorum = 2 }
  run:expect_result("declined", "not during the audit")
  untouched(run)
end)

test("the lead is asked over their second contact point when the first is down", function(world)
  outage(world)
  world:channel("push", "down")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over")
  run:expect_asked { who = "ana", how = "approved" }
end)

test("stakeholders nobody can reach end it before anything is moved", function(world)
  outage(world)
  world:channel("chat", "down")
  world:channel("push", "down")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("error", "nobody was reached")
  untouched(run, {})
end)

-- --- the change ----------------------------------------------------------------------------------

test("a colleague's change between approval and act is not overwritten", function(world)
  outage(world)
  world:at("1m"):mx("example.com", { "10 mx-colleague.example.org" }, 300)
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("error", "the zone is no longer what you saw")
  untouched(run)
end)

test("a DNS host that refuses, or is busy, changes nothing", function(world)
  outage(world)
  world:at("1m"):provider("dns", "busy")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("error", "429")
  untouched(run)
end)

test("a DNS host that says yes and does nothing is found out", function(world)
  outage(world)
  world:provider("dns", "lies")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("error", "accepted the write but now reads")
  untouched(run)
end)

test("a reply that is lost is read back: the MX moves once", function(world)
  outage(world)
  world:fails("zone.set_mx", "lost", { times = 1 })
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over")
  run:expect_acts { FAILING, MOVED, RESTORED }
  run:expect_undo { UNDO }
  expect(run.acts[2].how, "readback", "how it is known")
end)

test("a change that never arrived is sent again", function(world)
  outage(world)
  world:fails("zone.set_mx", "timeout", { times = 1 })
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over")
  run:expect_acts { FAILING, MOVED, RESTORED }
end)

test("a name server that lags for a minute is waited for", function(world)
  outage(world)
  world:dns_lags("ns2.example.org", "1m")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over")
  run:expect_took { at_least = "4m", at_most = "5m" }
end)

test("a name server that lags for long is named", function(world)
  outage(world)
  world:dns_lags("ns2.example.org", "30m")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("error", "1 of 2 authoritative addresses serve the change; the others: ns2.example.org")
  run:expect_not_told("stakeholders", "mail-restored")
end)

test("after a machine that stood still for long a person is asked before the change", function(world)
  outage(world)
  world:at("1m"):host_sleeps("20m")
  approved(world)
  local run = world:run({ domain = "example.com", answer = "2h" })
  run:expect_parked("stale")
  untouched(run)
  local second, why = pcall(world.run, world, { domain = "example.com" }) -- it still holds its lock
  expect(second, false, "a second run of this domain")
  expect(string.find(why, run.name, 1, true) ~= nil, true, "it says which one is in the way")
end)

-- --- the proof -----------------------------------------------------------------------------------

test("resolvers that still have the old MX don't hide that mail flows", function(world)
  outage(world)
  world:resolver_caches("1h")
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_over")
end)

test("no mail after the settle time: people are told, and it can be undone", function(world)
  outage(world)
  world:at("2m"):smtp_down("mx-standby.example.net") -- fit at the pre-flight, down when it counts
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "MX moved, no mail after 15m")
  run:expect_acts { FAILING, MOVED, "notify stakeholders mail-still-failing" }
  run:expect_milestones { "detected", "decided", "mitigated" }
  says(run, "mail-still-failing", "The MX of example.com was moved to mx-standby.example.net")
  run:expect_took { at_least = "17m", at_most = "18m" }
  local back = world:undo(run)
  back:expect_acts { PUT_BACK }
end)

test("mail that flows only now and then has not settled", function(world)
  outage(world)
  world:at("140s"):smtp("mx-standby.example.net", "busy", { lasts = "20s" })
  approved(world)
  local run = world:run { domain = "example.com", settle = "5m" }
  run:expect_result("failed_over")
  run:expect_took { at_least = "4m", at_most = "5m" } -- three in a row begin anew
end)

test("how long it is watched is a parameter", function(world)
  outage(world)
  world:at("2m"):smtp_down("mx-standby.example.net")
  approved(world)
  local run = world:run { domain = "example.com", settle = "2m", every = "20s" }
  run:expect_result("failed", "no mail after 2m")
  local looks = 0
  for _, row in ipairs(run.rows) do
    if row.type == "c" and row.verb == "mail.inbound" and row.step == "Prove that mail flows" then looks = looks + 1 end
  end
  expect(looks, 7, "how often it looked")
  run:expect_took { at_least = "4m", at_most = "5m" }
end)

-- --- afterwards ----------------------------------------------------------------------------------

test("an undo puts the old rrset back, TTL and all", function(world)
  outage(world)
  approved(world)
  local run = world:run { domain = "example.com" }
  local back = world:undo(run)
  back:expect_acts { PUT_BACK }
  expect(back.acts[1].value.after.ttl, 3600, "its TTL")
end)

test("an undo leaves alone what somebody else has written since", function(world)
  outage(world)
  approved(world)
  local run = world:run { domain = "example.com" }
  world:mx("example.com", { "10 mx-colleague.example.org" }, 300)
  local back = world:undo(run)
  back:expect_acts {}
  back:expect_result("failed")
end)

test("the failback behind it finds what it needs", function(world)
  outage(world)
  approved(world)
  world:run { domain = "example.com" }
  world:smtp_up("mx1.example.com")
  world:smtp_up("mx2.example.com")
  local back = world:run({ domain = "example.com", well_for = "30m" }, { playbook = "mx-failback" })
  back:expect_result("failed_back")
end)

-- --- drills --------------------------------------------------------------------------------------

-- A day on which all is well: what breaks says the header.
local function drilled(world, scenario)
  outage(world)
  world:smtp_up("mx1.example.com")
  world:smtp_up("mx2.example.com")
  approved(world)
  return world:drill({ domain = "example.com" }, { scenario = scenario })
end

test("a drill of the silent primary is good when all goes well", function(world)
  local run = drilled(world, "primary-silent")
  run:expect_scorecard({ "result failed_over", "notify stakeholders mail-failing", "zone.set_mx example.com", "notify stakeholders mail-restored",
                         "detect within 4m", "acknowledge within 10m", "decide within 10m", "mitigate within 15m" }, "90d")
  run:expect_milestones { "confirmed", "detected", "decided", "mitigated", "resolved" }
  says(run, "mail-failing", "since 2026-01-05T09:00:00Z") -- the first of the looks that found it, not the last
  for _, row in ipairs(run.rows) do
    if row.verb == "milestone" and row.value.name == "detected" then expect(row.value.at, 1767603600000, "detected at 09:00") end
  end
end)

test("one or two bad looks are no outage", function(world)
  approved(world)
  local run = world:drill({ domain = "example.com" }, { scenario = "primary-silent", faults = { "at 90s smtp_up mx1.example.com" } })
  run:expect_result("no_action", "UP")
  run:expect_milestones {}
  run:expect_acts {}
end)

test("looks that can't tell never make an outage, however many", function(world)
  approved(world)
  local run = world:drill({ domain = "example.com" }, { scenario = "primary-silent", faults = { "smtp_down mx.control.example" } })
  run:expect_result("no_action")
  run:expect_milestones {}
  run:expect_acts {}
  run:expect_took { at_least = "29m" } -- it looks for ten times as long as an outage takes
end)

test("a drill in which the standby is silent, too, is good without a change", function(world)
  local run = drilled(world, "standby-silent-too")
  run:expect_scorecard { "result failed", "notify stakeholders mail-failing", "detect within 4m", "acknowledge within 10m" }
end)

test("a drill in which nobody answers says what was missed", function(world)
  world:person("ana", { says = "nothing", times = 1 })
  world:person("cleo", { says = "yes", after = "1h" })
  outage(world)
  world:smtp_up("mx1.example.com")
  local run = world:drill({ domain = "example.com" }, { scenario = "primary-silent" })
  run:expect_scorecard { "result failed_over: MISS", "notify stakeholders mail-failing", "zone.set_mx example.com: MISS",
                         "notify stakeholders mail-restored: MISS", "detect within 4m", "acknowledge within 10m: MISS", "decide within 10m: MISS",
                         "mitigate within 15m: MISS" }
end)
