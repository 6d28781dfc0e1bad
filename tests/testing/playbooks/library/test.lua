-- SPDX-License-Identifier: MIT
test("libraries act in the playbook's name, with lines of their own", function(world)
  world:mail_server("mx1.example.com", "192.0.2.10")
  world:smtp_down("mx1.example.com")
  world:at("3m"):smtp_up("mx1.example.com")
  local run = world:run { host = "mx1.example.com" }
  run:expect_result("up")
  expect(run.evidence[1].value, 5, "looks")
end)

test("a second run counts from nothing", function(world)
  world:mail_server("mx1.example.com", "192.0.2.10")
  world:run { host = "mx1.example.com" }
  local run = world:run { host = "mx1.example.com" }
  expect(run.evidence[1].value, 1, "looks")
end)
