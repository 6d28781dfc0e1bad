-- SPDX-License-Identifier: MIT
config {
  dns = { blocklists = { addresses = { "bl.example.net", "rbl.example.org" }, domains = { "dbl.example.net" } } },
  domains = { ["example.com"] = { sends_from = { "192.0.2.10", "2001:db8::10" } } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" } },
  people = { ana = { name = "Ana Ruiz", teams = { "mail-platform" }, contact = { "push:ana" } } },
}

local SIX = "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
local TOLD, STILL, CLEAR = "notify mail-platform blocklisted", "notify mail-platform blocklisted-still", "notify mail-platform blocklisted-clear"

-- Lists that are alive: their test entry is listed, and what no list may list is not.
ordinary(function(world)
  for _, zone in ipairs { "bl.example.net", "rbl.example.org" } do
    world:rrset("2.0.0.127." .. zone, "A", { "127.0.0.2" })
    for _, entry in ipairs { "1.0.0.127", "10.2.0.192", SIX } do world:rrset(entry .. "." .. zone, "A", {}) end
  end
  world:rrset("test.dbl.example.net", "A", { "127.0.1.2" })
  for _, entry in ipairs { "invalid", "example.com" } do world:rrset(entry .. ".dbl.example.net", "A", {}) end
end)

local function list(world, entry, zone, code, reason)
  world:rrset(entry .. "." .. zone, "A", { code })
  world:rrset(entry .. "." .. zone, "TXT", { '"' .. reason .. '"' })
end

test("nobody lists it: nobody is told", function(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("clean", "nobody lists it")
  run:expect_acts {}
end)

test("an address is listed, and then is not any more", function(world)
  list(world, "10.2.0.192", "bl.example.net", "127.0.0.4", "sent to a trap")
  world:at("40m"):rrset("10.2.0.192.bl.example.net", "A", {})
  local run = world:run { domain = "example.com" }
  run:expect_result("cleared", "1 listings are gone")
  run:expect_acts { TOLD, CLEAR }
  run:expect_finding("high", "192.0.2.10 is listed by bl.example.net")
  run:expect_told("mail-platform", "192.0.2.10 is listed by bl.example.net: \"sent to a trap\"")
  run:expect_told("mail-platform", "Nobody lists what example.com sends from any more")
  run:expect_milestones { "detected", "resolved" }
  run:expect_steps { "First look", "Who lists it?", "Wait until nobody does" }
  expect(run.evidence[1].what, "listings", "the evidence")
  run:expect_told("mail-platform", "refused by some: 192.0.2.10 is listed by bl.example.net")
  run:expect_told("mail-platform", "It was listed for 1h")
  run:expect_took { at_least = "45m", at_most = "62m" }
end)

test("an IPv6 address and the domain are listed", function(world)
  list(world, SIX, "rbl.example.org", "127.0.0.2", "open relay")
  list(world, "example.com", "dbl.example.net", "127.0.1.4", "phishing")
  local run = world:run { domain = "example.com", limit = "1h" }
  run:expect_acts { TOLD, STILL }
  run:expect_result("failed", "still listed after 1h")
  run:expect_told("mail-platform", "2001:db8::10 is listed by rbl.example.org: \"open relay\"")
  run:expect_told("mail-platform", "example.com is listed by dbl.example.net: \"phishing\"")
  run:expect_told("mail-platform", "still listed")
end)

test("three days are as long as anybody should need", function(world)
  list(world, "10.2.0.192", "bl.example.net", "127.0.0.4", "sent to a trap")
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "still listed after 3d")
  run:expect_took { at_least = "72h", at_most = "73h" }
end)

test("a list that refuses our resolver says nothing", function(world)
  world:rrset("10.2.0.192.bl.example.net", "A", { "127.255.255.254" })
  local run = world:run { domain = "example.com" }
  run:expect_result("inconclusive", "bl.example.net refuses our resolver")
  run:expect_acts {}
end)

test("a list that was given up and lists the whole world says nothing", function(world)
  for _, entry in ipairs { "1.0.0.127", "10.2.0.192", SIX } do world:rrset(entry .. ".rbl.example.org", "A", { "127.0.0.2" }) end
  local run = world:run { domain = "example.com" }
  run:expect_result("inconclusive", "rbl.example.org lists what no list may list")
  run:expect_acts {}
end)

test("a real listing counts although another list is dead", function(world)
  list(world, "10.2.0.192", "bl.example.net", "127.0.0.4", "sent to a trap")
  for _, entry in ipairs { "1.0.0.127", "10.2.0.192", SIX } do world:rrset(entry .. ".rbl.example.org", "A", { "127.0.0.2" }) end
  local run = world:run { domain = "example.com", limit = "30m" }
  run:expect_acts { TOLD, STILL }
  expect(#run.findings, 1, "findings: only of the list that is alive")
end)

test("it is off only when it stays off", function(world)
  list(world, "10.2.0.192", "bl.example.net", "127.0.0.4", "sent to a trap")
  world:at("10m"):rrset("10.2.0.192.bl.example.net", "A", {})
  world:at("25m"):rrset("10.2.0.192.bl.example.net", "A", { "127.0.0.4" })
  world:at("50m"):rrset("10.2.0.192.bl.example.net", "A", {})
  local run = world:run { domain = "example.com" }
  run:expect_result("cleared")
  run:expect_took { at_least = "55m" }
end)
