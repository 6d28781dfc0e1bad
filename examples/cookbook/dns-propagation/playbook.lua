-- SPDX-License-Identifier: MIT
-- A change is everywhere when the name servers serve it and the last cache has forgotten what was there.
playbook {
  name = "dns-propagation", version = "1.0.0", owner = "ops",
  summary = "Move a domain's MX, and say when the whole world knows.",
  may_change = { "zone.set_mx:{domain}", "notify" },
  params = {
    domain  = param.domain "Whose mail is moved",
    standby = param.host "Where to" { from = "domains[domain].standby" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Change it"
  local before = need(zone.mx(p.domain), "the DNS host does not answer")
  local moved = zone.set_mx(p.domain, { { preference = 10, host = p.standby } }, { only_if = before, confirm = "10m" })
  -- Here every authoritative address serves it. Caches may hold the old one for as long as its TTL said.

  step "Wait for the caches"
  local forget_by = moved.cached_until or now() + 3600
  notify("team", "moved", { domain = p.domain, forget_by = forget_by })
  sleep(math.max(0, forget_by - now()) .. "s")
  local seen = dns.mx(p.domain)                        -- our own resolver, as a sample
  if not seen.ok or seen.mx[1].host ~= p.standby then
    finding("warn", "resolver", "it still answers " .. table.concat(seen.records, ", "))
    finish("served", "our resolver keeps the old one longer than its TTL")
  end
  finish("everywhere")
end
