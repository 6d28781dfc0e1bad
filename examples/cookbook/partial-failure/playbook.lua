-- SPDX-License-Identifier: MIT
-- Twenty domains, two of which fail: the others are done all the same, and the two are named.
playbook {
  name = "partial-failure", version = "1.0.0", owner = "ops",
  summary = "Lower the MX TTL of many domains before a move.",
  may_change = { "zone.set_mx", "notify" },
  params = {
    domains = param.list(param.domain) "Whose TTL is lowered",
    ttl     = param.duration "The new TTL" { default = "5m" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

local function lower(domain, before, ttl)
  undo("Give " .. domain .. " its old TTL back")
  zone.set_mx(domain, before, { only_if = before, ttl = ttl })
end

function main(p)
  step "Lower them"
  local failed = {}
  each(p.domains, { limit = 4 }, function(domain)
    local before = zone.mx(domain)                      -- need() would end the run: here one must not end the others
    local done, trouble = before.ok, before
    if done then done, trouble = pcall(lower, domain, before, p.ttl) end
    if not done then failed[#failed + 1] = { domain = domain, why = tostring(trouble.why or trouble) } end
  end)

  step "Say what is not done"
  table.sort(failed, function(one, other) return one.domain < other.domain end)
  for _, one in ipairs(failed) do finding("high", one.domain, one.why) end
  if #failed == 0 then finish("done", #p.domains .. " domains") end
  notify("team", "some-failed", { failed = failed, count = #failed, all = #p.domains })
  fail(#failed .. " of " .. #p.domains .. " failed")   -- done in part is not done: the exit code says so
end
