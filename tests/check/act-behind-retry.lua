-- Nothing to find: what stands under these retries only looks, or can't be known
local relay = use "lib/relay"
playbook {
  name = "act-behind-retry", version = "1.0.0", owner = "team", summary = "Right on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local quiet = { tell = function(domain) return dns.mx(domain) end } -- the library's tell is another one
function main(p)
  local last
  local function look() last = need(relay.look(p.domain), "no answer") end
  retry({ times = 3 }, look)
  retry({ times = 3 }, function() quiet.tell(p.domain) end)
  retry({ times = 3 }, function() relay.down(p.domain, 3) end)
  retry({ times = 3 }, function() relay.either(p.domain) end)
  relay.tell(last.why)
  finish("done")
end

--[==[ lib/relay.lua
local M = {}
function M.look(host)
  return smtp.probe(host)
end
function M.tell(host)
  notify("team", "down", { host = host })
end
function M.down(host, n)
  if n > 0 then return M.up(host, n) end
  return M.look(host)
end
function M.up(host, n) return M.down(host, n - 1) end
function M.either(host) return dns.mx(host) end
if M.look then M.either = M.tell end -- nobody knows which of them it is
return M
]==]

--[==[ templates/down.md
{{host}} is down
]==]
