-- SPDX-License-Identifier: MIT
config {
  smtp = { control = { "mx.control.example" } },
  domains = {
    ["example.com"] = { provider = "dns", recipient = "postmaster@example.com", primary = { "mx1.example.com", "mx2.example.com" } },
  },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana  = { name = "Ana Ruiz", teams = { "incident-lead", "mail-platform" }, contact = { "push:ana", "chat:ana" } },
    cleo = { name = "Cleo Adeyemi", teams = { "incident-lead" }, contact = { "push:cleo" } },
    bo   = { name = "Bo Lind", teams = { "duty-manager" }, contact = { "push:bo" } },
  },
  audiences = { stakeholders = { "chat:status" } },
}

local MOVED = "zone.set_mx example.com 10 mx1.example.com, 20 mx2.example.com"
local NORMAL = "notify stakeholders mail-normal"
local UNDO = "Point the MX at the standby again"

-- Failed over; both of the primary's servers take mail again.
ordinary(function(world)
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")
  world:mx("example.com", { "10 mx-standby.example.net" }, 300)
  world:mail_server("mx1.example.com", "192.0.2.10")
  world:mail_server("mx2.example.com", "192.0.2.11")
  world:mail_server("mx-standby.example.net", "198.51.100.21")
  world:mail_server("mx.control.example", "203.0.113.5")
end)

local function primary(world, state)
  world:smtp("mx1.example.com", state)
  world:smtp("mx2.example.com", state)
end

local function approved(world, after) world:person("ana", { says = "yes", after = after or "2m" }) end

local function stays(run)
  run:expect_acts {}
  run:expect_undo {}
end

test("moves the MX back once the primary has been well for two hours", function(world)
  approved(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_back", "via mx1.example.com")
  run:expect_acts { MOVED, NORMAL }
  run:expect_asked { title = "Move example.com back to mx1.example.com, mx2.example.com?", by = "incident-lead", who = "ana", how = "approved" }
  run:expect_steps { "Has the primary been well for long enough?", "Would it take the mail now?", "Ask, then move the MX back", "Prove that mail flows" }
  run:expect_undo { UNDO }
  expect(run.acts[1].value.after.ttl, 3600, "the TTL")
  expect(#run.evidence, 1, "the pre-flight")
  run:expect_took { at_least = "122m", at_most = "123m" }
end)

test("its parameters count", function(world)
  approved(world)
  local run = world:run { domain = "example.com", primary = { "mx2.example.com" }, well_for = "10m", every = "2m", ttl = 600 }
  run:expect_result("failed_back", "via mx2.example.com")
  run:expect_acts { "zone.set_mx example.com 10 mx2.example.com", NORMAL }
  expect(run.acts[1].value.after.ttl, 600, "the TTL")
  run:expect_took { at_least = "12m", at_most = "16m" }
end)

test("shows what would be moved", function(world)
  approved(world)
  local run = world:run { domain = "example.com", well_for = "1m" }
  for _, row in ipairs(run.rows) do
    if row.type == "i" and row.verb == "approve" then
      expect(row.value.show.change.from.mx[1].host, "mx-standby.example.net", "what there was")
      expect(row.value.show.change.to[1].host, "mx1.example.com", "what there will be")
      expect(row.value.show.items[1].ok, true, "the pre-flight")
    end
  end
end)

test("a break makes the two hours begin anew", function(world)
  approved(world)
  world:at("100m"):smtp("mx1.example.com", "timeout", { lasts = "5m" })
  world:at("100m"):smtp("mx2.example.com", "timeout", { lasts = "5m" })
  local run = world:run { domain = "example.com" }
  run:expect_result("failed_back")
  run:expect_took { at_least = "225m", at_most = "230m" }
end)

test("a primary that is never well stays where it is", function(world)
  primary(world, "timeout")
  local run = world:run { domain = "example.com" }
  run:expect_result("no_action", "not up for 2h without a break")
  stays(run)
  run:expect_not_asked()
  run:expect_took { at_least = "24h", at_most = "25h" }
end)

test("how long to wait for it is a parameter", function(world)
  primary(world, "busy") -- inconclusive is not well
  local run = world:run { domain = "example.com", give_up = "3h" }
  run:expect_result("no_action")
  run:expect_took { at_least = "3h", at_most = "181m" }
end)

test("a DNS host that does not answer ends it at once", function(world)
  world:provider("dns", "refused")
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "DNS provider does not answer")
  run:expect_took { at_most = "1m" }
end)

test("a primary that is an alias is not fit", function(world)
  approved(world)
  local fine = { ok = true, name = "mx1.example.com", type = "A", rcode = "NOERROR", consistent = true, ttl = 60 }
  fine.records, fine.canonical = { "192.0.2.10" }, "host.example.com"
  world:result("dns.query", fine, { target = "mx1.example.com" })
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("failed", "alias")
  stays(run)
  run:expect_not_asked()
end)

test("a no leaves it at the standby", function(world)
  world:person("ana", { says = "no", after = "5m", why = "on Monday" })
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("declined", "on Monday")
  stays(run)
end)

test("nobody answers: the next is asked, then it expires", function(world)
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("expired")
  stays(run)
  run:expect_told("bo", "gate")
  run:expect_took { at_least = "2h", at_most = "122m" } -- an hour each
end)

test("the duty manager may decide", function(world)
  world:person("bo", { says = "yes", after = "1m" })
  local run = world:run { domain = "example.com", well_for = "1m", answer = "30m" }
  run:expect_result("failed_back")
  run:expect_asked { who = "bo", how = "approved" }
  run:expect_took { at_least = "33m", at_most = "36m" }
end)

test("two people where two are wanted", function(world)
  approved(world, "1m")
  local run = world:run { domain = "example.com", well_for = "1m", quorum = 2 }
  run:expect_result("expired")
  stays(run)
  world:person("cleo", { says = "yes", after = "2m" })
  run = world:run { domain = "example.com", well_for = "1m", quorum = 2 }
  run:expect_result("failed_back")
end)

test("a colleague's change between approval and act is not overwritten", function(world)
  world:at("3m"):mx("example.com", { "10 mx-colleague.example.org" }, 300)
  approved(world, "5m")
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("error", "the zone is no longer what you saw")
  stays(run)
end)

test("after a machine that stood still for long a person is asked, and nobody else moves that MX", function(world)
  world:at("2m"):host_sleeps("20m")
  approved(world, "5m")
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_parked("stale") -- longer than a quarter of an hour
  stays(run)
  expect(pcall(world.run, world, { domain = "example.com" }), false, "a second run of this domain")
end)

test("a lost reply is read back: the MX moves once", function(world)
  approved(world)
  world:fails("zone.set_mx", "lost", { times = 1 })
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("failed_back")
  run:expect_acts { MOVED, NORMAL }
end)

test("resolvers that still have the standby don't hide what is broken", function(world)
  approved(world, "5m")
  world:resolver_caches("1h")
  world:at("330s"):smtp_down("mx1.example.com")
  world:at("330s"):smtp_down("mx2.example.com")
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("failed", "MX moved back, and no mail flows")
end)

test("no mail afterwards: people are told, and it can be taken back", function(world)
  approved(world, "5m")
  world:at("6m"):smtp_down("mx1.example.com")
  world:at("6m"):smtp_down("mx2.example.com")
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("failed", "MX moved back, and no mail flows")
  run:expect_acts { MOVED, "notify stakeholders failback-failed" }
  run:expect_took { at_least = "20m", at_most = "23m" }
  local back = world:undo(run)
  back:expect_acts { "zone.set_mx example.com 10 mx-standby.example.net" }
end)

test("mail that comes and goes has not settled", function(world)
  approved(world, "5m")
  world:at("390s"):smtp("mx1.example.com", "busy", { lasts = "1m" })
  local run = world:run { domain = "example.com", well_for = "1m" }
  run:expect_result("failed_back")
  run:expect_took { at_least = "9m", at_most = "11m" }
end)
