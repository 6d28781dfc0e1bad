-- SPDX-License-Identifier: MIT
playbook {
  name = "blocklisted", version = "1.0.0", owner = "mail-platform",
  summary = "Say who lists the addresses that a domain's mail is sent from, and what to do about it, until nobody does any more.",
  may_change = { "notify" },
  watch  = { every = "15m", confirm = 2, clear = 2, again_after = "1d" },
  params = {
    domain    = param.domain   "Domain whose mail is refused where it is listed",
    addresses = param.list(param.string) "Addresses that its mail is sent from" { from = "domains[domain].sends_from" },
    tell      = param.string   "Who gets it off the lists"                { default = "mail-platform" },
    every     = param.duration "How often to look whether it is off"      { default = "15m" },
    limit     = param.duration "How long it may last"                     { default = "3d" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

-- A list that is dead, or shut to our resolver, says nothing: neither that we are listed nor that we are not.
local function look(p)
  local whats, listings, unknown = { p.domain }, {}, {}
  for _, address in ipairs(p.addresses) do whats[#whats + 1] = address end
  local answers = each(whats, { limit = 8 }, function(what) return dns.blocklists(what) end)
  for i, what in ipairs(whats) do
    for _, list in ipairs(answers[i].lists or {}) do
      if list.state == "listed" then
        listings[#listings + 1] = { what = what, list = list.list, reason = list.reason or table.concat(list.codes, ", ") }
      elseif list.state == "unknown" then unknown[#unknown + 1] = list.list .. " " .. list.why end
    end
  end
  local first = listings[1]
  if first then
    return { verdict = "down", listings = listings, why = first.what .. " is listed by " .. first.list .. ": " .. first.reason }
  end
  if unknown[1] then return { verdict = "inconclusive", why = unknown[1] } end
  return { verdict = "up", why = "nobody lists it" }
end

function detect(p) return look(p) end

function main(p, samples)
  step "Who lists it?"
  local seen = samples.last
  if seen.verdict == "up" then finish("clean", seen.why) end
  if seen.verdict == "inconclusive" then finish("inconclusive", seen.why) end
  milestone("detected", samples.first.at)
  evidence("listings", seen.listings)
  for _, one in ipairs(seen.listings) do finding("high", one.what .. " is listed by " .. one.list, one.reason) end
  notify(p.tell, "blocklisted", { domain = p.domain, listings = seen.listings, why = seen.why })

  step "Wait until nobody does"
  local off = wait_until(p.limit, { every = p.every, stable = 2 }, function() return look(p).verdict == "up" end)
  if not off then
    notify(p.tell, "blocklisted-still", { domain = p.domain, limit = p.limit })
    fail("still listed after " .. p.limit)
  end
  notify(p.tell, "blocklisted-clear", { domain = p.domain, listed = ago(samples.first.at) })
  milestone "resolved"
  finish("cleared", #seen.listings .. " listings are gone")
end
