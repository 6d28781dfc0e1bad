-- SPDX-License-Identifier: MIT
config {
  domains = { ["example.com"] = { records = {
    "example.com MX 10 mx1.example.com.", "example.com MX 20 mx2.example.com.", "example.com NS ns1.example.org.", "example.com. NS ns2.example.org.",
    'example.com TXT "v=spf1 mx -all"', '_dmarc.example.com TXT "v=DMARC1; p=reject"', "example.com DS", "mx1.example.com A 192.0.2.10",
  } } },
  channels = { push = { kind = "ntfy", url = "https://push.example.org" } },
  people = { ana = { name = "Ana Ruiz", teams = { "mail-platform" }, contact = { "push:ana" } } },
}

local TOLD, STILL = "notify mail-platform dns-drift", "notify mail-platform dns-drift-still"
local SPF, TOKEN = '"v=spf1 mx -all"', '"token=1"'

ordinary(function(world)
  world:nameservers("example.com", "ns1.example.org", "ns2.example.org")
  world:mx("example.com", { "20 mx2.example.com", "10 mx1.example.com" })
  world:rrset("example.com", "TXT", { TOKEN, SPF })
  world:rrset("_dmarc.example.com", "TXT", { '"v=DMARC1; p=reject"' })
  world:address("mx1.example.com", "192.0.2.10")
  world:address("mx2.example.com", "192.0.2.20")
  for _, none in ipairs { "example.com/CAA", "example.com/DS", "_mta-sts.example.com/TXT", "mta-sts.example.com/A", "mta-sts.example.com/AAAA",
                          "_smtp._tls.example.com/TXT", "default._bimi.example.com/TXT", "mx1.example.com/AAAA", "mx2.example.com/AAAA",
                          "_25._tcp.mx1.example.com/TLSA", "_25._tcp.mx2.example.com/TLSA" } do
    local name, kind = string.match(none, "^(.*)/(%u+)$")
    world:rrset(name, kind, {})
  end
end)

test("as it is kept, in another order and with a token of somebody's", function(world)
  local run = world:run { domain = "example.com" }
  run:expect_result("as_kept", "as it is kept")
  run:expect_acts {}
end)

test("the MX is changed by somebody, and put back", function(world)
  world:mx("example.com", { "10 mx.thief.example" })
  world:rrset("mx.thief.example", "A", { "203.0.113.66" })
  for _, kind in ipairs { "AAAA" } do world:rrset("mx.thief.example", kind, {}) end
  world:rrset("_25._tcp.mx.thief.example", "TLSA", {})
  world:at("12m"):mx("example.com", { "10 mx1.example.com", "20 mx2.example.com" })
  local run = world:run { domain = "example.com" }
  run:expect_result("restored", "1 rrsets are as they were")
  run:expect_acts { TOLD }
  run:expect_finding("high", "is 10 mx.thief.example., and was 10 mx1.example.com., 20 mx2.example.com.")
  run:expect_told("mail-platform", "MX of example.com: is 10 mx.thief.example.")
  run:expect_milestones { "detected", "resolved" }
  run:expect_steps { "First look", "What is not as it was?", "Wait until it is, or until the new is kept" }
  expect(run.evidence[1].what, "drift", "the evidence")
  run:expect_told("mail-platform", "not as it is kept: MX of example.com is 10 mx.thief.example., and was 10 mx1.example.com.")
  run:expect_took { at_least = "15m", at_most = "22m" }
end)

test("SPF is gone, and stays away", function(world)
  world:rrset("example.com", "TXT", { TOKEN })
  local run = world:run { domain = "example.com", limit = "30m" }
  run:expect_result("failed", "not as it is kept after 30m")
  run:expect_acts { TOLD, STILL }
  run:expect_told("mail-platform", "TXT of example.com: is nothing; kept is \"v=spf1 mx -all\"")
  run:expect_told("mail-platform", "still not as it is kept")
end)

test("it is back only when it stays back, and a day is enough", function(world)
  world:rrset("example.com", "TXT", { TOKEN })
  world:at("7m"):rrset("example.com", "TXT", { TOKEN, SPF })
  world:at("12m"):rrset("example.com", "TXT", { TOKEN })
  local run = world:run { domain = "example.com" }
  run:expect_result("failed", "not as it is kept after 1d")
  run:expect_took { at_least = "24h", at_most = "25h" }
end)

test("as a resolver sees it", function(world)
  world:rrset("example.com", "TXT", { SPF }, 300, { at = "resolver" })
  world:rrset("example.com", "TXT", { TOKEN })
  local run = world:run { domain = "example.com", at = "resolver" }
  run:expect_result("as_kept")
end)

test("a DS where there was none breaks the domain for those who validate", function(world)
  world:rrset("example.com", "DS", { "4711 13 2 " .. string.rep("ab", 32) })
  local run = world:run { domain = "example.com", limit = "10m" }
  run:expect_finding("high", "is 4711 13 2")
  run:expect_acts { TOLD, STILL }
end)

test("what nobody keeps is nobody's drift", function(world)
  world:rrset("example.com", "CAA", { '0 issue "ca.example.net"' })
  local run = world:run { domain = "example.com" }
  run:expect_result("as_kept")
end)

test("what can't be found out is no change", function(world)
  world:dns_silent("ns1.example.org")
  world:dns_silent("ns2.example.org")
  local run = world:run { domain = "example.com" }
  run:expect_result("inconclusive", "timeout")
  run:expect_acts {}
end)

test("a line that is no record", function(world)
  local run = world:run { domain = "example.com", kept = { "nonsense" } }
  run:expect_result("failed", "no record, which is NAME TYPE RDATA: nonsense")
end)
