-- SPDX-License-Identifier: MIT
config {
  smtp = { control = { "mx.control.example" } },
  domains = {
    ["example.com"] = { provider = "dns", standby = "mx-standby.example.net", recipient = "postmaster@example.com" },
    ["example.org"] = { provider = "dns", standby = "mx-standby.example.net" },
  },
  providers = { dns = { driver = "powerdns", url = "https://dns.example.org", key = "not-a-real-key" } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" }, chat = { kind = "ntfy", url = "https://chat.example.org" } },
  people = {
    ana = { name = "Ana Ruiz", teams = { "mail-platform" }, contact = { "push:ana", "chat:ana" } },
    bo  = { name = "Bo Lind", teams = { "postmasters" }, contact = { "push:bo" } },
  },
}

local STANDBY = "mx-standby.example.net"
local FINE = { days_left = 60, host_matches = true, verified = true }
local UNFIT, WARNINGS, UNKNOWN = "notify mail-platform standby-unfit", "notify mail-platform standby-warnings", "notify mail-platform standby-unknown"

-- Mail flows over the primary, and the standby would take it.
local function calm(world, certificate)
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")
  world:mx("example.com", { "10 mx1.example.com" }, 300)
  world:mail_server("mx1.example.com", "192.0.2.10")
  world:mail_server(STANDBY, "198.51.100.21", "up", { certificate = certificate or FINE })
  world:mail_server("mx.control.example", "203.0.113.5")
end

ordinary(function(world) calm(world) end)

local function looks(run)
  local count = 0
  for _, row in ipairs(run.rows) do
    if row.type == "c" and row.verb == "mail.preflight" then count = count + 1 end
  end
  return count
end

local function says(run, template, words)
  for _, one in ipairs(run.told) do
    if one.template == template then
      expect(string.find(one.subject .. "\n" .. one.text, words, 1, true) ~= nil, true, template .. " says: " .. words .. "; not: " .. one.text)
      return
    end
  end
  expect(template, "sent", "a message")
end

test("a standby that is fit: nobody is told anything", function(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("fit", "GO: ")
  run:expect_acts {}
  run:expect_steps { "Could the MX be moved?", "Would the standby take the mail?", "Is anything about to run out?", "Tell who looks after it" }
  run:expect_finding("info", "not looked at: mta-sts, dane, spf of bounces, second vantage point")
  expect(#run.findings, 1, "findings")
  expect(#run.evidence, 1, "the pre-flight")
  run:expect_took { at_most = "10s" }
end)

test("a standby that is down: the owner is told, and nothing is moved", function(world)
  world:smtp_down(STANDBY)
  local run = world:run { domain = "example.com" }
  run:expect_result("unfit", "1 of 1 findings")
  run:expect_acts { UNFIT }
  run:expect_finding("high", "port 25: connect: no connection in time")
  says(run, "standby-unfit", STANDBY .. " can't take the mail of example.com")
  says(run, "standby-unfit", "no connection in time")
  run:expect_took { at_most = "10s" } -- the control target answers: no need to look again
end)

test("a standby that refuses our mail", function(world)
  world:smtp(STANDBY, "rejecting", { why = "rcpt: 550 5.7.1 relaying denied", certificate = FINE })
  local run = world:run { domain = "example.com" }
  run:expect_result("unfit")
  run:expect_finding("high", "it refuses postmaster@example.com: rcpt: 550 5.7.1 relaying denied")
  says(run, "standby-unfit", "relaying denied")
end)

test("a standby that is an alias is unfit although it answers", function(world)
  world:result("dns.query", { ok = true, rcode = "NOERROR", consistent = true, ttl = 60, records = { "198.51.100.21" }, canonical = "host.example.net" }, { target = STANDBY })
  local run = world:run { domain = "example.com" }
  run:expect_result("unfit")
  run:expect_finding("high", STANDBY .. " no alias: it is an alias of host.example.net")
  run:expect_took { at_most = "10s" }
end)

test("a standby that is busy for a moment is looked at again", function(world)
  world:smtp(STANDBY, "busy", { lasts = "3m" })
  local run = world:run { domain = "example.com" }
  run:expect_result("fit")
  run:expect_acts {}
  run:expect_took { at_least = "3m", at_most = "4m" }
end)

test("a standby that stays busy is neither fit nor unfit", function(world)
  world:smtp(STANDBY, "busy")
  local run = world:run { domain = "example.com" }
  run:expect_result("inconclusive", "nothing can be said of " .. STANDBY .. " from here for 10m")
  run:expect_acts { UNKNOWN }
  run:expect_finding("warn", STANDBY)
  says(run, "standby-unknown", "Unknown is not fine")
  run:expect_took { at_least = "10m", at_most = "11m" }
  expect(looks(run), 11, "how often it looked")
end)

test("our own network: no verdict, after as long as it is told to wait", function(world)
  world:smtp_down(STANDBY)
  world:smtp_down("mx.control.example")
  local run = world:run { domain = "example.com", patience = "3m", every = "30s" }
  run:expect_result("inconclusive", "for 3m")
  run:expect_acts { UNKNOWN }
  run:expect_took { at_least = "3m", at_most = "4m" }
  expect(looks(run), 7, "how often it looked")
end)

test("a certificate that ends soon is told before it does", function(world)
  calm(world, { days_left = 20, host_matches = true, verified = true })
  local run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings", "1 findings")
  run:expect_acts { WARNINGS }
  run:expect_finding("warn", "certificate: 198.51.100.21 has one that ends in 20 days")
  says(run, "standby-warnings", "ends in 20 days")
  says(run, "standby-warnings", "would work today")
  run = world:run { domain = "example.com", cert_for = "20d" }
  run:expect_result("fit")
  world:smtp_up(STANDBY, { certificate = { days_left = 21, host_matches = true, verified = true } })
  world:run({ domain = "example.com" }):expect_result("fit") -- three weeks, if nothing is said
end)

test("each address has a certificate of its own", function(world)
  world:address(STANDBY, "198.51.100.21", "198.51.100.22")
  world:fact("smtp.host", "198.51.100.22", { state = "up", certificate = { days_left = 20, host_matches = true, verified = true } })
  local run = world:run { domain = "example.com" }
  run:expect_finding("warn", "certificate: 198.51.100.22 has one that ends in 20 days")
end)

test("a certificate that is gone the second time", function(world)
  world:result("smtp.probe", { ok = true, verdict = "up", starttls = false, tls = false }, { target = STANDBY })
  world:result("smtp.probe", { ok = true, verdict = "up", starttls = true, tls = true, certificate = FINE }, { target = STANDBY, times = 1 })
  local run = world:run { domain = "example.com" }
  run:expect_finding("warn", "certificate: 198.51.100.21 showed none the second time")
end)

test("a certificate for another name, and none at all", function(world)
  calm(world, { days_left = 90, host_matches = false, verified = true })
  local run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "its names do not match")
  world:smtp_up(STANDBY, { starttls = false })
  run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "starttls: not offered")
  run:expect_finding("warn", "certificate: no TLS session came about")
end)

test("a TTL that keeps mail at the old place for long", function(world)
  world:mx("example.com", { "10 mx1.example.com" }, 3600)
  world:run({ domain = "example.com" }):expect_result("fit") -- an hour, if nothing is said
  world:mx("example.com", { "10 mx1.example.com" }, 3601)
  world:run({ domain = "example.com" }):expect_result("fit_with_warnings")
  world:mx("example.com", { "10 mx1.example.com" }, 86400)
  local run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "TTL: caches keep the present MX set for 86400 s")
  run = world:run { domain = "example.com", cached = "1d" }
  run:expect_result("fit")
end)

test("a DNS host that does not answer today would not on the day", function(world)
  world:provider("dns", "refused", { why = "401 Unauthorized: the token has expired" })
  local run = world:run { domain = "example.com" }
  run:expect_result("unfit")
  run:expect_finding("high", "DNS host: dns: 401 Unauthorized")
  says(run, "standby-unfit", "the token has expired")
end)

test("name servers that say different things", function(world)
  world:mx("example.com", { "10 mx-old.example.com" }, 300, { at = "ns2.example.org" })
  local run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "present set: the authoritative servers do not agree")
end)

test("a name server that is silent", function(world)
  world:dns_silent("ns2.example.org")
  local run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "1 of 2 addresses agree: ns2.example.org timeout after 3 tries")
end)

test("name servers of which none answers: what is served is not known", function(world)
  world:dns_silent("ns1.example.org")
  world:dns_silent("ns2.example.org")
  local run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "TTL: how long caches keep the present MX set is not known")
  run:expect_finding("warn", "present set: the present MX set can't be read")
  run:expect_finding("info", "not looked at: mta-sts, dane") -- the TTL was, and is not known
end)

test("a standby that mail goes to already stands by for nothing", function(world)
  world:mx("example.com", { "10 " .. STANDBY }, 300)
  local run = world:run { domain = "example.com" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "MX set: " .. STANDBY .. " is in it already")
end)

test("a recipient nobody has named proves nothing", function(world)
  world:nameservers("example.org", "ns1.example.org")
  world:mx("example.org", { "10 mx1.example.com" }, 300)
  local run = world:run { domain = "example.org" }
  run:expect_result("fit_with_warnings")
  run:expect_finding("warn", "recipient: no recipient is known")
end)

test("another standby, another team", function(world)
  world:mail_server("mx-other.example.net", "198.51.100.99", "refused")
  local run = world:run { domain = "example.com", standby = "mx-other.example.net", tell = "postmasters" }
  run:expect_result("unfit")
  run:expect_acts { "notify postmasters standby-unfit" }
  run:expect_told("bo", "mx-other.example.net")
end)

test("as an addition it needs the present set", function(world)
  world:dns_silent("ns1.example.org")
  world:dns_silent("ns2.example.org")
  local run = world:run { domain = "example.com", how = "add" }
  run:expect_result("unfit")
  run:expect_finding("high", "so nothing can be added to it")
end)

test("the owner is told over the second contact point", function(world)
  world:smtp_down(STANDBY)
  world:channel("push", "down")
  local run = world:run { domain = "example.com" }
  run:expect_result("unfit")
  run:expect_told("ana", "standby-unfit")
end)

test("an owner nobody can reach makes it fail", function(world)
  world:smtp_down(STANDBY)
  world:channel("push", "down")
  world:channel("chat", "down")
  local run = world:run { domain = "example.com" }
  run:expect_result("error", "nobody was reached")
end)
