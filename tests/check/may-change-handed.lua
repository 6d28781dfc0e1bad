-- Nothing to find: the verbs of zone and notify are handed on, and any of them may be called there
local relay = use "lib/relay"
playbook {
  name = "may-change-handed", version = "1.0.0", owner = "team", summary = "Right on purpose",
  may_change = { "zone.set_mx:{domain}", "zone.*", "notify.direct" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local at, names = { dns = zone }, zone
local function move(host, domain)
  host.set_mx(domain, { { preference = 10, host = "mx.example.net" } })
end
function main(p)
  local verb = "set_" .. "mx"
  move(zone, p.domain)
  at.dns.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })
  names[verb](p.domain, { { preference = 10, host = "mx.example.net" } })
  relay.tell(notify, p.domain)
  finish("done")
end

--[==[ lib/relay.lua
local M = {}
function M.tell(way, host) way.direct("ana", "down", { host = host }) end
return M
]==]

--[==[ templates/down.md
{{host}} is down
]==]
