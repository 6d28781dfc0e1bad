-- Entry points that are assigned are entry points
playbook {
  name = "detect-assigned", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { host = param.host "The host" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function look(p)
  local found = smtp.probe(p.host)
  local said = found.verdict
  if found.ok then return smtp.probe(p.host).verdict end -- expect: no-verdict @ smtp
  if found.why then return found.why end -- expect: no-verdict @ found.why end
  if found.verdict == "down" then finish("down", found.why) end -- expect: no-verdict @ finish
  if p.hots then return said end -- expect: unknown-param @ hots -- expect: no-verdict @ said end
  notify("team", "down", { host = p.host }) -- expect: act-in-detect @ notify
  return found.verdict == "down" -- expect: no-verdict @ found.verdict == "down"
end
detect = look
main = function(p)
  finish("done", p.hsot) -- expect: unknown-param @ hsot
end

--[==[ templates/down.md
{{host}} is down
]==]
