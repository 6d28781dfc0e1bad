-- Played in simulated worlds: nothing here is real, and nobody is told. muster test; docs/testing.md has every word.
config {
  smtp = { control = { "mx.control.example" } },          -- "is it me?"
  domains = { ["@domain@"] = { recipient = "postmaster@@domain@" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = { @person@ = { teams = { "@owner@" }, contact = { "push:@person@" } } },
}

local TOLD = "notify @owner@ troubles"

local function certificate(days) return { certificate = { days_left = days, host_matches = true, verified = true } } end

ordinary(function(world) -- a day when all is well
  world:nameservers("@domain@", "ns1.example.org", "ns2.example.org")
  world:mx("@domain@", "10 mx.primary.example", 3600)
  world:mail_server("mx.primary.example", "192.0.2.10", "up", certificate(60))
  world:mail_server("mx.control.example", "203.0.113.5")
end)

test("all is well, and nobody is bothered", function(world)
  local run = world:run {}
  run:expect_result("fine")
  run:expect_acts {}
end)

test("mail that does not get in", function(world)
  world:smtp_down("mx.primary.example")
  local run = world:run {}
  run:expect_result("troubles")
  run:expect_finding("high", "mail")
  run:expect_acts { TOLD }
end)

test("a certificate that ends soon is told before it does", function(world)
  world:smtp_up("mx.primary.example", certificate(20))
  local run = world:run {}
  run:expect_finding("warn", "ends in 20 days")
  run:expect_told("@owner@", "ends in 20 days")
  world:run({ cert_for = "20d" }):expect_result("fine")
  world:smtp_up("mx.primary.example", { starttls = false })
  world:run({}):expect_finding("warn", "it shows no certificate")
end)

test("name servers that say different things", function(world)
  world:mx("@domain@", "10 mx.other.example", 3600, { at = "ns2.example.org" })
  world:run({}):expect_finding("warn", "name servers")
end)

test("a TTL that would keep mail at the old place for a day", function(world)
  world:mx("@domain@", "10 mx.primary.example", 86400)
  world:run({}):expect_finding("warn", "86400 s")
  world:run({ cached = "1d" }):expect_result("fine")
end)

test("no MX at all", function(world)
  world:mx("@domain@", {}, 3600)
  world:run({}):expect_finding("high", "there is none")
end)

test("nothing can be said for a while: it looks again", function(world)
  world:smtp("mx.primary.example", "busy", { lasts = "2m", certificate = certificate(60).certificate })
  local run = world:run {}
  run:expect_took { at_least = "2m", at_most = "4m" }
end)

test("unknown is not fine", function(world)
  world:smtp_down("mx.primary.example")
  world:smtp_down("mx.control.example")
  local run = world:run {}
  run:expect_result("troubles")
  run:expect_finding("warn", "nothing can be said from here")
  run:expect_acts { TOLD }
end)
