-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana  = { name = "Ana Ruiz", teams = { "incident-lead", "mail-platform" }, contact = { "push:ana", "chat:ana" } },
    cleo = { name = "Cleo Adeyemi", teams = { "incident-lead", "postmasters" }, contact = { "push:cleo" } },
    bo   = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "chat:bo" } },
  },
  ladders = { ["mail-oncall"] = { { page = "incident-lead", ack_within = "5m" }, { page = "bo", ack_within = "5m" }, { page = "ana", ack_within = "5m" } } },
}

local function acks(world, name, after) world:person(name, { says = "yes", after = after }) end

local function summary(run)
  for _, one in ipairs(run.told) do
    if one.template == "drill-summary" then return one.subject .. "\n" .. one.text end
  end
  return ""
end

local function says(run, words)
  expect(string.find(summary(run), words, 1, true) ~= nil, true, "the summary says: " .. words .. "; it is: " .. summary(run))
end

local PAGES = { "page ana drill-page", "page cleo drill-page", "page bo drill-page", "notify mail-platform drill-summary" }

test("everybody answers: each is paged once, in turn, and how long it took is told", function(world)
  acks(world, "ana", "30s")
  acks(world, "cleo", "1m")
  acks(world, "bo", "90s")
  local run = world:run {}
  run:expect_result("all_answered", "3 of mail-oncall")
  run:expect_acts(PAGES)
  run:expect_steps { "Who is on call?", "Page ana", "Page cleo", "Page bo", "Tell the owner" }
  expect(#run.findings, 0, "findings")
  expect(run.evidence[1].value, { { who = "ana", state = "answered", text = "acknowledged after 30s", took_s = 30 },
                                  { who = "cleo", state = "answered", text = "acknowledged after 1m", took_s = 60 },
                                  { who = "bo", state = "answered", text = "acknowledged after 1m30s", took_s = 90 } }, "what is recorded")
  run:expect_told("ana", "DRILL: can you be reached?")
  run:expect_told("ana", "within 5m")
  says(run, "Drill: 3 of 3 on mail-oncall answered\n")
  says(run, "- cleo: acknowledged after 1m\n")
  says(run, "There is nothing to do.")
  run:expect_took { at_least = "200s", at_most = "201s" } -- and ten seconds between two of them
end)

test("who does not answer is named", function(world)
  acks(world, "ana", "30s")
  acks(world, "bo", "30s")
  local run = world:run {}
  run:expect_result("not_all_answered", "cleo of mail-oncall did not answer")
  run:expect_acts(PAGES)
  run:expect_finding("high", "cleo: did not acknowledge within 5m")
  expect(#run.findings, 1, "findings")
  run:expect_asked { kind = "ack", by = "cleo", how = "expired" }
  says(run, "Drill: 2 of 3 on mail-oncall answered; not cleo")
  says(run, "nobody would come from cleo")
  says(run, "- cleo: did not acknowledge within 5m\n")
  expect({ run.evidence[1].what, run.evidence[1].value[2].state }, { "reachability of mail-oncall", "silent" }, "what is recorded")
  run:expect_took { at_least = "6m", at_most = "7m" }
end)

test("nobody answers", function(world)
  local run = world:run { ack_within = "2m" }
  run:expect_result("not_all_answered", "ana, cleo, bo of mail-oncall")
  says(run, "Drill: 0 of 3")
  run:expect_told("mail-platform", "drill-summary")
  run:expect_took { at_least = "6m", at_most = "7m" }
end)

test("an acknowledgement that comes too late is none, and stands for nobody else", function(world)
  acks(world, "ana", "6m")
  acks(world, "cleo", "30s")
  acks(world, "bo", "30s")
  local run = world:run {}
  run:expect_result("not_all_answered", "ana of")
  run:expect_asked { by = "cleo", who = "cleo" }
end)

test("who is slow is named, and counts as reached", function(world)
  acks(world, "ana", "3m")
  acks(world, "cleo", "2m")
  acks(world, "bo", "30s")
  local run = world:run {}
  run:expect_result("all_answered")
  run:expect_finding("warn", "ana: acknowledged after 3m, the target is 2m")
  expect(#run.findings, 1, "findings")
  says(run, "- ana: acknowledged after 3m (target 2m)")
  expect(run.evidence[1].value[1].state, "slow", "recorded as")
  expect(run.evidence[1].value[2].state, "answered", "two minutes are in time")
end)

test("who can't be reached on any channel is another finding", function(world)
  world:channel("chat", "down")
  acks(world, "ana", "30s")
  acks(world, "cleo", "30s")
  local run = world:run {}
  run:expect_result("not_all_answered", "bo of")
  run:expect_finding("critical", "bo: no message got through: nobody was reached: no channel works")
  expect(run.evidence[1].value[3].state, "unreachable", "recorded as")
  says(run, "- bo: no message got through")
end)

test("a channel that is down is passed by where there is another", function(world)
  world:channel("push", "down")
  acks(world, "ana", "30s")
  acks(world, "bo", "30s")
  local run = world:run {}
  run:expect_result("not_all_answered", "cleo of")
  run:expect_finding("critical", "cleo")
  run:expect_asked { by = "ana", who = "ana" }
end)

test("a page can't be declined: who says no has not acknowledged", function(world)
  world:person("ana", { says = "no", after = "1m", why = "on leave" })
  acks(world, "cleo", "30s")
  acks(world, "bo", "30s")
  local run = world:run {}
  run:expect_result("not_all_answered", "ana of")
end)

test("nobody is paged by two drills at once", function(world)
  world:at("1m"):host_sleeps("1h")
  world:run({}):expect_parked("stale")
  expect(pcall(world.run, world, {}), false, "a second drill of that ladder")
  world:run({ ladder = "bo" }):expect_result("not_all_answered")
end)

test("a team, and a person", function(world)
  acks(world, "ana", "30s")
  acks(world, "cleo", "30s")
  acks(world, "bo", "30s")
  local run = world:run { ladder = "incident-lead", tell = "postmasters", pause = "1m", target = "20s" }
  run:expect_result("all_answered", "2 of incident-lead")
  run:expect_acts { PAGES[1], PAGES[2], "notify postmasters drill-summary" }
  run:expect_finding("warn", "ana")
  run:expect_took { at_least = "2m", at_most = "121s" }
  run = world:run { ladder = "bo" }
  run:expect_result("all_answered", "1 of bo")
end)

test("a ladder nobody knows", function(world)
  local run = world:run { ladder = "mail-onkall" }
  run:expect_result("failed", "mail-onkall can't be paged")
  run:expect_acts {}
end)
