-- SPDX-License-Identifier: MIT
-- The operations of a simulated world (engine/sim.h) one by one, over the words of test.lua.
config {
  commands = {
    length = { argv = { "/bin/false" }, kind = "probe" },
    flush = { argv = { "/bin/false", "{queue}" }, params = { queue = "deferred|active" } },
  },
  domains = { ["example.com"] = { provider = "dns" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  ladders = { oncall = { { page = "lead", ack_within = "2m" }, { page = "ana" } } },
}

local function zone_of(world)
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org", "ns3.example.org")
  world:mx("example.com", "mx1.example.com", 600)
end

-- What was seen under that name, the nth time.
local function seen(run, what, nth)
  local left = nth or 1
  for _, one in ipairs(run.evidence) do
    left = left - (one.what == what and 1 or 0)
    if left == 0 then return one.value end
  end
  return {}
end

local function records(run, what, nth) return seen(run, what, nth).records end

-- --- DNS -----------------------------------------------------------------------------------------

test("name servers agree by themselves", function(world)
  zone_of(world)
  local run = world:run { show = "dns" }
  local found = seen(run, "authoritative")
  expect(found.consistent, true, "consistent")
  expect(#found.servers, 3, "servers asked")
  expect(found.servers[2].server, "ns2.example.org", "the second")
  expect(found.ttl, 600, "its TTL")
  expect(records(run, "resolver"), { "10 mx1.example.com." }, "the resolver")
end)

test("one name server may say something else", function(world)
  zone_of(world)
  world:mx("example.com", "mx-old.example.com", 600, { at = "ns2.example.org" })
  local run = world:run { show = "dns" }
  local found = seen(run, "authoritative")
  expect(found.consistent, false, "consistent")
  expect(found.records, { "10 mx1.example.com." }, "what most of them say")
  expect(found.why, "2 of 3 addresses agree: ns2.example.org says 10 mx-old.example.com.", "why")
end)

test("one name server may be silent, and all of them", function(world)
  zone_of(world)
  world:dns_silent("ns3.example.org", { why = "no answer" })
  local found = seen(world:run { show = "dns" }, "authoritative")
  expect(found.ok, true, "two answer")
  expect(found.why, "2 of 3 addresses agree: ns3.example.org no answer", "why")
  world:dns_silent("ns1.example.org")
  world:dns_silent("ns2.example.org")
  world:dns_silent("resolver", { lasts = "1h" })
  local run = world:run { show = "dns" }
  expect(seen(run, "authoritative").ok, false, "none answers")
  expect(seen(run, "resolver").ok, false, "nor does the resolver")
  expect(seen(run, "one server").ok, true, "another server may be asked")
  run = world:run { show = "dns", wait = "61m" }
  expect(seen(run, "resolver").ok, true, "the resolver is back")
end)

test("a resolver has its cache, and a server that is asked by address its own answer", function(world)
  zone_of(world)
  world:mx("example.com", "mx-old.example.com", 60, { at = "resolver", lasts = "10m" })
  world:mx("example.com", "mx-inside.example.com", 60, { at = "192.0.2.53" })
  local run = world:run { show = "dns" }
  expect(records(run, "resolver"), { "10 mx-old.example.com." }, "cached")
  expect(records(run, "authoritative"), { "10 mx1.example.com." }, "true")
  expect(records(run, "one server"), { "10 mx-inside.example.com." }, "inside")
  run = world:run { show = "dns", wait = "11m" }
  expect(records(run, "resolver"), { "10 mx1.example.com." }, "no longer cached")
end)

test("behind a change a lagging server and a cache go on with what they had", function(world)
  zone_of(world)
  world:dns_lags("ns2.example.org", "90s")
  world:resolver_caches("1h")
  local run = world:run { show = "move" }
  expect(seen(run, "moved").servers[2].ok, true, "in time")
  expect(seen(run, "authoritative").consistent, true, "the change has waited for it")
  run:expect_took { at_least = "7290s", at_most = "7291s" }
  expect(records(run, "resolver"), { "10 mx1.example.com." }, "cached")
  expect(records(run, "resolver", 2), { "10 mx2.example.com." }, "two hours later")
end)

test("who lags for too long, or is silent, is named by the change", function(world)
  zone_of(world)
  world:dns_lags("ns2.example.org", "1h")
  world:run({ show = "move" }):expect_result("error", "2 of 3 authoritative addresses serve the change; the others: ns2.example.org")
  local run = world:run { show = "dns" }
  expect(seen(run, "authoritative").why, "2 of 3 addresses agree: ns2.example.org says 10 mx1.example.com.", "it still does")
end)

test("what no fact speaks of is unknown", function(world)
  local run = world:run { show = "dns" }
  expect(seen(run, "authoritative").ok, false, "ok")
  expect(seen(run, "resolver").why, "this world has no fact dns.rrset \"example.com/MX\"", "why")
end)

-- --- SMTP ----------------------------------------------------------------------------------------

test("a server shows the certificate it was given, or none", function(world)
  world:mail_server("mx1.example.com", "192.0.2.10", "up", { certificate = { days_left = 3, host_matches = true, verified = false } })
  local found = seen(world:run { show = "smtp" }, "probe")
  expect(found.tls, true, "TLS")
  expect(found.certificate.days_left, 3, "days left")
  world:smtp("mx1.example.com", "up", { starttls = true })
  found = seen(world:run { show = "smtp" }, "probe")
  expect(found.tls, false, "TLS")
  expect(found.starttls_error, "the handshake fails", "why not")
  world:smtp("mx1.example.com", "rejecting", "rcpt: 554 no")
  found = seen(world:run { show = "smtp" }, "probe")
  expect({ found.verdict, found.why, found.starttls }, { "rejecting", "rcpt: 554 no", false }, "a refusal")
end)

test("a state may last for a while", function(world)
  world:mail_server("mx1.example.com", "192.0.2.10")
  world:smtp("mx1.example.com", "busy", { lasts = "5m" })
  expect(seen(world:run { show = "smtp" }, "probe").verdict, "inconclusive", "at first")
  expect(seen(world:run { show = "smtp", wait = "6m" }, "probe").verdict, "up", "then")
end)

-- --- people --------------------------------------------------------------------------------------

test("who takes an answer back has not answered", function(world)
  world:person("ana", { says = "yes", after = "1m", later = { says = "withdraw", after = "1m" } })
  world:person("bo", { says = "yes", after = "5m" })
  local answer = seen(world:run { show = "gate", quorum = 2 }, "answer")
  expect(answer.how, "expired", "how it ended")
  expect(#answer.votes, 3, "what was said")
end)

test("who says yes may say no", function(world)
  world:person("ana", { says = "yes", after = "1m", later = { says = "no", after = "1m", why = "wait" } })
  world:person("bo", { says = "yes", after = "5m" })
  local answer = seen(world:run { show = "gate", quorum = 2 }, "answer")
  expect({ answer.how, answer.reason }, { "declined", "wait" }, "how it ended")
end)

test("an answer behind the deadline is none", function(world)
  world:person("ana", { says = "yes", after = "601s" })
  expect(seen(world:run { show = "gate" }, "answer").how, "expired", "how it ended")
  world:person("bo", { says = "yes", after = "599s" })
  expect(seen(world:run { show = "gate" }, "answer").how, "approved", "how the next one ended")
end)

test("a ladder by rungs, and by people, each once", function(world)
  local run = world:run { show = "ladder" }
  expect(seen(run, "rungs"), { { who = "lead", ack_within = 120 }, { who = "ana", ack_within = 600 } }, "rungs")
  expect(seen(run, "people"), { { who = "ana", ack_within = 120 }, { who = "bo", ack_within = 120 } }, "people")
end)

-- --- time ----------------------------------------------------------------------------------------

test("a wait is no downtime", function(world)
  zone_of(world)
  world:run({ show = "move", wait = "45d" }):expect_result("seen")
end)

test("a machine that stood still is: before the next change a person is asked", function(world)
  zone_of(world)
  world:at("10m"):host_sleeps("20m")
  local run = world:run { show = "move", wait = "1h" }
  run:expect_parked("stale")
  run:expect_acts {}
  local ok, why = pcall(world.run, world, { show = "dns" })
  expect(ok, false, "another run of this domain")
  expect(string.find(why, run.name, 1, true) ~= nil, true, "it says who holds the lock: " .. tostring(why))
end)

test("a short one is not", function(world)
  zone_of(world)
  world:at("10m"):host_sleeps("10m")
  world:run({ show = "move", wait = "1h" }):expect_result("seen")
end)

-- --- programs -----------------------------------------------------------------------------------

test("programs are never run here, and end as the world says", function(world)
  world:command("length", { stdout = "17" })
  local run = world:run { show = "command" }
  expect(seen(run, "looked").stdout, "17", "what it found")
  expect(run.acts[1].args, { name = "flush", params = { queue = "deferred" } }, "what was run")
  run:expect_result("seen")
end)

test("a program may fail, and one that only looks must be known", function(world)
  world:command("flush", { exit_code = 9, stderr = "no such queue" })
  local run = world:run { show = "command" }
  expect(seen(run, "looked").ok, false, "nothing is known of it")
  expect(run.why, "playbook.lua:30: command.run: flush: it ended with 9: no such queue", "why it failed")
end)

-- --- other runs ---------------------------------------------------------------------------------

test("a run that is started ends as the world says, when it says", function(world)
  world:child("part", { result = "half", after = "20m" })
  local run = world:run { show = "child" }
  expect(seen(run, "ended").result, "half", "what it finished with")
  run:expect_took { at_least = "20m", at_most = "21m" }
end)

test("a run that is started may fail, take too long, or not begin", function(world)
  world:child("part", { state = "failed", why = "no room" })
  expect(seen(world:run { show = "child" }, "ended").why, "part.1: failed: no room", "why it failed")
  world:child("part", { after = "2h" })
  expect(seen(world:run { show = "child" }, "ended").state, "running", "after an hour")
  world:fails("start", "refused", { why = "the lock is held" })
  expect(world:run({ show = "child" }).state, "failed", "without a child")
end)

test("a drill without a scenario breaks nothing and is judged by nothing; what is not there is named", function(world)
  local run = world:drill({ show = "child" }, { faults = { "at 10m smtp_up mx1.example.com", "fails start refused 1" } })
  run:expect_scorecard({}, nil)
  expect(run.state, "failed", "the fault that was said strikes")
  expect(run.scorecard.good, true, "nothing was missed")
  local began, why = pcall(world.drill, world, { show = "child" }, { scenario = "silent" })
  expect(began, false, "a scenario that the header does not have")
  expect(string.find(why, 'worlds has no scenario "silent"', 1, true) ~= nil, true, "it says so")
  began, why = pcall(world.drill, world, { show = "child" }, { faults = { "host_sleeps 5m" } })
  expect(string.find(why, "can't make this machine sleep", 1, true) ~= nil, true, "what no drill can do")
end)
