-- Nothing to find: detect does not come to the act, and the result gets its verdict
playbook {
  name = "detect-quiet", version = "1.0.0", owner = "team", summary = "Right on purpose",
  may_change = { "notify" },
  params = { host = param.host "The host", domain = param.domain "The domain" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function look(host, aloud)
  local found = smtp.probe(host)
  if aloud and found.verdict == "down" then notify("team", "down", { host = host }) end
  if not aloud then return found end
  notify("team", "down", { host = host })
  return found
end
function detect(p)
  if look(p.host, false).verdict == "up" then return look(p.host, false) end
  local found = dns.mx(p.domain)
  found.verdict = #found.mx > 0 and "up" or "down"
  return found
end
function main(p)
  if look(p.host, true).verdict == "up" then finish("up") end
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
