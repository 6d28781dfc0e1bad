-- SPDX-License-Identifier: MIT
config {
  smtp = { port = 587 },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana  = { name = "Ana Ruiz", teams = { "mail-platform" }, contact = { "push:ana", "chat:ana" } },
    cleo = { name = "Cleo Adeyemi", teams = { "mail-platform" }, contact = { "push:cleo" } },
    bo   = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "push:bo" } },
  },
  audiences = { stakeholders = { "chat:status" }, everyone = { "chat:all" } },
  ladders = { ["mail-oncall"] = { { page = "ana", ack_within = "5m" }, { page = "cleo", ack_within = "10m" } } },
}

local DOWN, DEGRADED, RESTORED = "page ana smtp-down", "notify stakeholders smtp-degraded", "notify stakeholders smtp-restored"

ordinary(function(world) world:mail_server("mx1.example.com", "192.0.2.10") end)

local function outage(world) world:smtp("mx1.example.com", "refused") end

local function says(run, template, words)
  for _, one in ipairs(run.told) do
    if one.template == template then
      expect(string.find(one.subject .. "\n" .. one.text, words, 1, true) ~= nil, true, template .. " says: " .. words)
      return
    end
  end
  expect(template, "sent", "a message")
end

test("the first one takes it; people are told every half hour until it is back", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:at("65m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored", "owner ana")
  run:expect_acts { DOWN, DEGRADED, DEGRADED, RESTORED }
  run:expect_steps { "First look", "Get an owner", "Keep stakeholders told until it is stably back" }
  run:expect_milestones { "detected", "resolved" }
  says(run, "smtp-down", "mx1.example.com does not accept mail")
  says(run, "smtp-down", "connect: Connection refused")
  says(run, "smtp-degraded", "mx1.example.com is degraded")
  says(run, "smtp-degraded", "ana is on it")
  says(run, "smtp-degraded", "since 2026-01-05T09:00:00Z")
  says(run, "smtp-restored", "mx1.example.com accepts mail again after 1h07m")
  run:expect_took { at_least = "67m", at_most = "68m" } -- five looks in a row, half a minute apart
end)

test("a host that answers needs nobody", function(world)
  world:mail_server("mx1.example.com", "192.0.2.10")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("no_action", "mx1.example.com answers")
  run:expect_acts {}
  run:expect_milestones {}
end)

test("the next one is paged when the first does not answer in time", function(world)
  outage(world)
  world:person("cleo", { says = "yes", after = "2m" })
  world:at("8m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored", "owner cleo")
  run:expect_acts { DOWN, "page cleo smtp-down", RESTORED }
  run:expect_asked { kind = "ack", by = "ana", how = "expired" }
  run:expect_took { at_least = "10m", at_most = "11m" }
end)

test("nobody answers the ladder: everyone hears of it", function(world)
  outage(world)
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("failed", "nobody took it")
  run:expect_acts { DOWN, "page cleo smtp-down", "notify everyone smtp-unowned" }
  run:expect_told("everyone", "mx1.example.com is down and nobody has taken it")
  run:expect_not_told("stakeholders")
  run:expect_took { at_least = "15m", at_most = "16m" } -- five and ten minutes
end)

test("a page can't be declined: the next one is paged when the time is up", function(world)
  outage(world)
  world:person("ana", { says = "no", after = "1m", why = "on a plane" })
  world:person("cleo", { says = "yes", after = "1m" })
  world:at("10m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored", "owner cleo")
  run:expect_asked { by = "ana", how = "expired" }
end)

test("an answer that comes too late owns nothing", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "6m" }) -- she had five minutes
  world:person("cleo", { says = "yes", after = "2m" })
  world:at("10m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored", "owner cleo")
end)

test("a channel that is down is no reason not to page", function(world)
  outage(world)
  world:channel("push", "down")
  world:person("ana", { says = "yes", after = "1m" }) -- over chat
  world:at("10m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored", "owner ana")
end)

test("somebody no message reaches is passed over at once", function(world)
  outage(world)
  world:fails("page", "refused", { target = "ana", why = "HTTP 503" })
  world:person("cleo", { says = "yes", after = "1m" })
  world:at("10m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored", "owner cleo")
  run:expect_took { at_most = "13m" }
end)

test("a host that comes and goes is not back", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:at("10m"):smtp("mx1.example.com", "up", { lasts = "2m" }) -- four looks, not five
  world:at("20m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored")
  run:expect_took { at_least = "22m", at_most = "23m" }
end)

test("busy is not up", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:at("5m"):smtp("mx1.example.com", "busy")
  world:at("30m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_took { at_least = "32m", at_most = "33m" }
end)

test("still down after twelve hours: the duty manager hears of it again", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:person("bo", { says = "yes", after = "1m" })
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("failed", "still down after 12h")
  run:expect_told("bo", "smtp-still-down")
  says(run, "smtp-still-down", "mx1.example.com still does not accept mail. ana took it")
  run:expect_not_told("stakeholders", "smtp-restored")
  run:expect_milestones { "detected" }
  run:expect_took { at_least = "12h", at_most = "13h" }
end)

test("how often, and for how long, are parameters", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  local run = world:run { host = "mx1.example.com", limit = "1h", update = "25m", every = "1m" }
  run:expect_result("failed", "still down after 1h")
  run:expect_acts { DOWN, DEGRADED, DEGRADED, "page duty-manager smtp-still-down" }
end)

test("stakeholders who can't be reached don't end the watch", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:at("10m"):channel("chat", "down", { lasts = "30m" })
  world:at("65m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("restored")
  run:expect_acts { DOWN, DEGRADED, RESTORED }
end)

local function ports(run)
  local seen = {}
  for _, row in ipairs(run.rows) do
    if row.verb == "smtp.probe" and row.type == "c" then seen[tostring(row.value.port)] = true end
  end
  return seen
end

test("the port is a parameter, for the first look as well", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:at("10m"):smtp_up("mx1.example.com")
  expect(ports(world:run { host = "mx1.example.com", port = 2525 }), { ["2525"] = true }, "the ports that are asked")
  outage(world)
  expect(ports(world:run { host = "mx1.example.com", limit = "1m" }), { ["587"] = true }, "the ports that are asked otherwise")
end)

-- --- watched -------------------------------------------------------------------------------------

test("one or two bad looks start nothing", function(world)
  outage(world)
  world:at("40s"):smtp_up("mx1.example.com")
  local run = world:drill { host = "mx1.example.com" }
  run:expect_result("no_action", "mx1.example.com answers")
  run:expect_milestones {}
  run:expect_acts {}
end)

test("three in a row do", function(world)
  outage(world)
  world:person("ana", { says = "yes", after = "1m" })
  world:at("5m"):smtp_up("mx1.example.com")
  local run = world:drill { host = "mx1.example.com", every = "1m" }
  run:expect_result("restored", "owner ana")
  run:expect_milestones { "confirmed", "detected", "resolved" }
  says(run, "smtp-restored", "accepts mail again after 10m") -- since the first of them, until five looks a minute apart
  for _, row in ipairs(run.rows) do
    if row.verb == "milestone" and row.value.name == "detected" then expect(row.value.at, 1767603600000, "detected at 09:00") end
  end
  expect(run.rows[1].value.params.port, 587, "the port of muster.lua")
end)

test("looks that can't tell never make an outage, however many", function(world)
  world:smtp("mx1.example.com", "busy")
  world:person("ana", { says = "yes", after = "1m" })
  world:at("20m"):smtp_up("mx1.example.com")
  local run = world:drill { host = "mx1.example.com" } -- looks ten times as often as an outage takes, then plays what there is
  run:expect_milestones { "detected", "resolved" }
end)
