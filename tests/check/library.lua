-- Findings in a library, and what its functions need of the playbook: only those that are named
local relay = use "lib/relay"
playbook {
  name = "library", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { host = param.host "The relay" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  relay.tell(p.host)
  local move = relay.move
  move(p.host)
  finish("done")
end

--[==[ lib/relay.lua
local M = {}
local function unused() end -- expect: unused-local @ unused
local function tell(host)
  notify("team", "down", { host = host })
  notify("team", "dwon", { host = host }) -- expect: no-template @ "dwon"
end
M.tell = tell
function M.move(domain)
  zone.set_mx(domain, {}) -- expect: not-allowed @ zone
  sleep("soon") -- expect: bad-duration @ "soon"
  nosuch(domain) -- expect: unknown-name @ nosuch
  -- muster: allow unreachable: to see that this works in a library, too -- expect: unneeded-allow @ -- muster
end
function M.never(domain) -- nobody names it, so it needs nothing of the playbook
  zone.set_mx(domain, {})
  page("team", "nothing", {})
  smtp.prob(domain) -- expect: unknown-verb @ smtp
end
return { tell = M.tell, move = M.move, never = M.never }
]==]

--[==[ templates/down.md
Subject: {{host}} is down

It is.
]==]
