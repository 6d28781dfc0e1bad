-- SPDX-License-Identifier: MIT
config {
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { teams = { "lead", "ops" }, contact = { "push:ana", "chat:ana" } },
    bo  = { teams = { "lead" }, contact = { "push:bo" } },
  },
  audiences = { team = { { "push:status", "chat:status" } } },
}
local PAGE = "GET https://status.example.net/api"
local SAYS = { status = 200, body = '{"state": "degraded"}' }

test("answers at once", function(world)
  world:http(PAGE, SAYS)
  local run = world:run {}
  run:expect_result("told", "degraded")
  run:expect_took { at_most = "1s" }
end)

test("answers at the third try, and people are told once", function(world)
  world:http(PAGE, { status = 503 })
  world:at("12s"):http(PAGE, SAYS)
  local run = world:run {}
  run:expect_result("told", "degraded")
  run:expect_acts { "notify team provider-says" }
  run:expect_took { at_least = "15s", at_most = "20s" } -- 5 s, then 10 s
end)

test("never answers: that is not an outage of ours", function(world)
  world:http(PAGE, { status = 503 })
  local run = world:run {}
  run:expect_result("unknown", "503")
  run:expect_acts {}
  run:expect_took { at_least = "35s", at_most = "40s" } -- 5, 10 and 20 s
end)
