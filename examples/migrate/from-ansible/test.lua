-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "ops" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  domains = { ["example.com"] = { provider = "dns" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
}
local OLD, TOKEN = "\"v=spf1 mx -all\"", "\"verification=1234\""

ordinary(function(world)
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")
  world:rrset("example.com", "TXT", { TOKEN, OLD }, 3600)
end)

local function agreed(world) world:person("ana", { says = "yes", after = "5m" }) end

test("the record is changed, the token stays", function(world)
  agreed(world)
  local run = world:run {}
  run:expect_result("changed")
  expect(#run.acts, 1, "acts")
  local wanted = run.acts[1].value.after.records
  table.sort(wanted)
  expect(wanted, { "\"v=spf1 include:relay.example.net -all\"", TOKEN }, "what is there now")
  world:undo(run):expect_result("undone")
end)

test("a name server that lags is waited for", function(world)
  agreed(world)
  world:dns_lags("ns2.example.org", "2m")
  world:run({}):expect_took { at_least = "7m", at_most = "8m" }
end)

test("one that never follows is named", function(world)
  agreed(world)
  world:dns_lags("ns2.example.org", "1d")
  world:run({}):expect_result("error", "ns2.example.org")
end)

test("a reply that is lost is read back, not sent again", function(world)
  agreed(world)
  world:fails("zone.set", "lost", { times = 1 })
  local run = world:run {}
  run:expect_result("changed")
  expect(#run.acts, 1, "acts")
end)

test("a no changes nothing", function(world)
  world:person("ana", { says = "no", after = "5m", why = "not on a Friday" })
  local run = world:run {}
  run:expect_result("declined", "not on a Friday")
  run:expect_acts {}
end)
