-- SPDX-License-Identifier: MIT
config {
  smtp = { control = { "mx.control.example" } },
  domains = {
    ["example.com"] = { provider = "dns", standby = "mx-standby.example.net", recipient = "postmaster@example.com" },
    ["drill.example.net"] = { provider = "drill", stands_for = "example.com" },
  },
  providers = {
    dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" },
    drill = { driver = "powerdns", url = "https://drill.example.org", key = "not-a-real-key" },
  },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" } },
  people = {
    ana = { name = "Ana Ruiz", teams = { "incident-lead", "mail-platform" }, contact = { "push:ana" } },
    bo  = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "push:bo" } },
  },
  ladders = { ["mail-oncall"] = { { page = "ana", ack_within = "5m" }, { page = "bo", ack_within = "5m" } } },
}

local MOVED = "zone.set_mx drill.example.net 10 mx-standby.example.net"
local BACK = "zone.set_mx drill.example.net 10 mx1.example.com, 20 mx2.example.com"
local PAGE, RESULT = "page ana drill-page", "notify mail-platform drill-result"

-- All is well: production, its standby, and the drill domain with the same MX.
ordinary(function(world)
  for _, domain in ipairs { "example.com", "drill.example.net" } do
    world:nameservers(domain, "ns1.example.org", "ns2.example.org")
    world:mx(domain, { "10 mx1.example.com", "20 mx2.example.com" }, 3600)
  end
  world:mail_server("mx1.example.com", "192.0.2.10")
  world:mail_server("mx2.example.com", "192.0.2.11")
  world:mail_server("mx-standby.example.net", "198.51.100.21")
  world:mail_server("mx.control.example", "203.0.113.5")
end)

local function ana_answers(world) world:person("ana", { says = "yes", after = "1m" }) end

local function drill(world, params)
  local all = { domain = "drill.example.net" }
  for key, value in pairs(params or {}) do all[key] = value end
  return world:run(all)
end

local function told(run, words)
  for _, one in ipairs(run.told) do
    if one.template == "drill-result" and string.find(one.subject .. "\n" .. one.text, words, 1, true) then return true end
  end
  return false
end

test("pages, asks, moves the drill domain and puts it back", function(world)
  ana_answers(world)
  local run = drill(world)
  run:expect_result("met", "taken by ana")
  run:expect_acts { PAGE, MOVED, BACK, RESULT }
  run:expect_steps { "Is the drill domain in its place?", "Who takes it?", "Could the standby take the mail of production now?",
                     "Ask, then move the MX of the drill domain", "Put it back", "Tell how it went" }
  run:expect_milestones { "acknowledged", "decided", "mitigated" }
  run:expect_asked { title = "DRILL: point drill.example.net at mx-standby.example.net?", by = "incident-lead", who = "ana", how = "approved" }
  run:expect_told("ana", "DRILL: example.com gets no mail")
  expect(told(run, "- decide: 2m (target 10m)\n"), true, "the summary has the times")
  expect(told(run, "too late"), false, "nothing was late")
end)

test("shows what a decision needs", function(world)
  ana_answers(world)
  local run, shown = drill(world), 0
  for _, row in ipairs(run.rows) do
    if row.type == "i" and row.verb == "approve" then
      local show = row.value.show
      shown = shown + 1
      expect(show.items[1].ok, true, "the pre-flight")
      expect(show.change.from.mx[1].host, "mx1.example.com", "what there was")
      expect(show.change.to[1].host, "mx-standby.example.net", "what there will be")
      expect(show["what for"], "drill.example.net stands for example.com: decide as you would for that", "what it stands for")
    end
  end
  expect(shown, 1, "questions")
end)

test("nobody takes it: the owner hears so, and nothing moves", function(world)
  local run = drill(world, { ladder = "bo" })
  run:expect_result("nobody_came", "nobody of bo took it")
  run:expect_acts { "page bo drill-page", RESULT }
  run:expect_told("ana", "Drill of example.com: nobody_came")
end)

test("the standby could not take the mail: that is the result", function(world)
  ana_answers(world)
  world:smtp_down("mx-standby.example.net")
  local run = drill(world)
  run:expect_result("standby_unfit")
  run:expect_finding("high", "mx-standby.example.net")
  run:expect_acts { PAGE, RESULT }
end)

test("declined: nothing moves", function(world)
  world:person("ana", { says = "yes", after = "1m", times = 1 })
  world:person("ana", { says = "no", after = "2m", why = "a real incident comes first" })
  local run = drill(world)
  run:expect_result("declined", "a real incident comes first")
  run:expect_acts { PAGE, RESULT }
  run:expect_milestones { "acknowledged" }
end)

test("nobody decides: both are asked, and it runs out", function(world)
  world:person("ana", { says = "yes", after = "1m", times = 1 })
  local run = drill(world, { answer = "20s" })
  run:expect_result("expired")
  run:expect_asked { title = "DRILL: point", how = "expired" }
  run:expect_acts { PAGE, RESULT }
  run:expect_milestones { "acknowledged" }
end)

test("each of those asked has ten minutes", function(world)
  world:person("ana", { says = "yes", after = "1m", times = 1 })
  local run = drill(world)
  run:expect_result("expired")
  run:expect_took { at_least = "21m", at_most = "22m" }
end)

test("the DNS host refuses the change: nothing moved, and said", function(world)
  ana_answers(world)
  world:fails("zone.set_mx", "refused", { why = "403 Forbidden" })
  local run = drill(world)
  run:expect_result("not_moved", "403 Forbidden")
  run:expect_finding("critical", "403 Forbidden")
  run:expect_undo {}
  expect(told(run, "403 Forbidden"), true, "the owner hears why")
end)

test("it can't be put back: the loudest of all", function(world)
  ana_answers(world)
  world:dns_lags("ns1.example.org", "20s") -- the first change takes so long, and meanwhile:
  world:at("130s"):fails("zone.set_mx", "refused", { why = "409 Conflict" })
  local run = drill(world)
  run:expect_result("not_put_back", "409 Conflict")
  run:expect_acts { PAGE, MOVED, RESULT }
  run:expect_undo { "Put the MX of the drill domain back" }
  run:expect_finding("critical", "could not be put back")
end)

test("slower than its targets", function(world)
  ana_answers(world)
  local run = drill(world, { ack = "30s", decide = "90s" })
  run:expect_result("slow", "acknowledge, decide")
  run:expect_finding("warn", "took 2m, the target is 90s")
  run:expect_acts { PAGE, MOVED, BACK, RESULT }
  expect(told(run, "- acknowledge: 1m (target 30s), too late"), true, "the summary says what was late")
end)

test("slower than one target is slow, too", function(world)
  ana_answers(world)
  drill(world, { decide = "90s" }):expect_result("slow", "slower than their targets: decide")
end)

test("left over from the drill before: nobody is woken", function(world)
  world:mx("drill.example.net", { "10 mx-standby.example.net" }, 300)
  local run = drill(world)
  run:expect_result("failed", "from the drill before")
  run:expect_acts {}
end)

test("a domain without MX, and one that stands for itself, are none for drills", function(world)
  world:mx("drill.example.net", {}, 300)
  drill(world):expect_result("failed", "has no MX to move")
  drill(world, { stands_for = "drill.example.net", standby = "mx-standby.example.net" }):expect_result("failed", "would stand for itself")
end)
