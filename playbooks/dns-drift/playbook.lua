-- SPDX-License-Identifier: MIT
playbook {
  name = "dns-drift", version = "1.0.0", owner = "mail-platform",
  summary = "Notice that mail records of a domain are not as they are kept under version control, and tell its owner which.",
  may_change = { "notify" },
  watch  = { every = "5m", confirm = 2, clear = 2, again_after = "1d" },
  params = {
    domain = param.domain   "Domain whose records are compared",
    kept   = param.list(param.string) "Its records, a line each: example.com MX 10 mx1.example.com. (without rdata: there is none)" { from = "domains[domain].records" },
    at     = param.choice   "Who is asked" { "authoritative", "resolver", default = "authoritative" },
    tell   = param.string   "Who is told"                                { default = "mail-platform" },
    every  = param.duration "How often to look whether it is as it was"  { default = "5m" },
    limit  = param.duration "How long it may stay as it is"              { default = "1d" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

-- "example.com MX 10 mx1.example.com." → ["example.com/MX"] = { "10 mx1.example.com." }
local function snapshot(lines)
  local kept = {}
  for _, line in ipairs(lines) do
    local name, kind, rdata = string.match(line, "^(%S-)%.?%s+(%u[%u%d]*)%s*(.*)$")
    if not name then fail("no record, which is NAME TYPE RDATA: " .. line) end
    local key = name .. "/" .. kind
    kept[key] = kept[key] or {}
    if rdata ~= "" then table.insert(kept[key], rdata) end
  end
  return kept
end

local function shown(rrset)
  return rrset and rrset.records[1] and table.concat(rrset.records, ", ") or "nothing"
end

-- Only what is kept is compared: what else there is nobody has said anything about.
local function look(p)
  local kept, drift = snapshot(p.kept), {}
  local seen = dns.diff(p.domain, kept, { at = p.at })
  for _, change in ipairs(seen.changes or {}) do
    if kept[change.name .. "/" .. change.type] then
      drift[#drift + 1] = { name = change.name, type = change.type, was = shown(change.was), is = shown(change.is) }
    end
  end
  local first = drift[1]
  if first then
    return { verdict = "down", drift = drift, why = first.type .. " of " .. first.name .. " is " .. first.is .. ", and was " .. first.was }
  end
  if not seen.unknown or #seen.unknown > 0 then return { verdict = "inconclusive", why = seen.why } end
  return { verdict = "up", why = "as it is kept" }
end

function detect(p) return look(p) end

function main(p, samples)
  step "What is not as it was?"
  local seen = samples.last
  if seen.verdict == "up" then finish("as_kept", seen.why) end
  if seen.verdict == "inconclusive" then finish("inconclusive", seen.why) end
  milestone("detected", samples.first.at)
  evidence("drift", seen.drift)
  for _, one in ipairs(seen.drift) do finding("high", one.type .. " of " .. one.name, "is " .. one.is .. ", and was " .. one.was) end
  notify(p.tell, "dns-drift", { domain = p.domain, drift = seen.drift, why = seen.why })

  step "Wait until it is, or until the new is kept"
  local back = wait_until(p.limit, { every = p.every, stable = 2 }, function() return look(p).verdict == "up" end)
  if not back then
    notify(p.tell, "dns-drift-still", { domain = p.domain, limit = p.limit })
    fail("not as it is kept after " .. p.limit)
  end
  milestone "resolved"
  finish("restored", #seen.drift .. " rrsets are as they were")
end
