-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "ops" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
  smtp = { control = { "mx.control.example" } },
  domains = { ["example.com"] = { provider = "dns", standby = "mx-b.example.net" } },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
}
local MOVED = "zone.set_mx example.com 10 mx-b.example.net"

ordinary(function(world)
  world:mx("example.com", "10 mx-a.example.com", 300)
  world:mail_server("mx-a.example.com", "192.0.2.10", "timeout")
  world:mail_server("mx-b.example.net", "198.51.100.21")
  world:mail_server("mx.control.example", "203.0.113.5")
end)

local function agreed(world) world:person("ana", { says = "yes", after = "1m" }) end

test("it moves the mail", function(world)
  agreed(world)
  local run = world:run {}
  run:expect_result("moved")
  run:expect_acts { MOVED, "notify team moved" }
  world:undo(run):expect_acts { "zone.set_mx example.com 10 mx-a.example.com" }
end)

test("an open port that takes no mail is down, too", function(world)
  agreed(world)
  world:smtp("mx-a.example.com", "rejecting")
  world:run({}):expect_acts { MOVED, "notify team moved" }
end)

test("our own outage moves nothing", function(world)
  world:smtp_down("mx.control.example")
  local run = world:run {}
  run:expect_result("no_action")
  run:expect_acts {}
end)

test("up is up", function(world)
  world:smtp_up("mx-a.example.com")
  world:run({}):expect_acts {}
end)

test("nobody agrees", function(world)
  world:person("ana", { says = "no", after = "1m" })
  local run = world:run {}
  run:expect_result("declined")
  run:expect_acts {}
end)
