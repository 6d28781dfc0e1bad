-- Conditions of detect's own do not excuse an act there; what a helper is given does
playbook {
  name = "detect-acts-kept", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function look(host, tell)
  local found = mail.inbound(host)
  if tell then notify("team", "down", { host = host }) end
  return found
end
local told
local function relay(p)
  return { look = function() return mail.inbound(p.domain) end, tell = function() notify("team", "down", { host = p.domain }) end }
end
local function each_of(p, people)
  for _, who in ipairs(people) do notify(who, "down", { host = p.domain }) end
end
function detect(p)
  relay(p).look()
  each_of(p, {})
  local bad = {}
  local found = look(p.domain, false)
  if found.verdict ~= "up" then bad[1] = found.why end
  if #bad > 0 then notify("team", "down", { host = p.domain }) end -- expect: act-in-detect @ notify
  if not told then notify("team", "down", { host = p.domain }) end -- expect: act-in-detect @ notify
  told = true
  return found
end
function main(p)
  look(p.domain, true)
  relay(p).tell()
  each_of(p, { "team" })
  finish("done", p.domain)
end

--[==[ templates/down.md
{{host}} is down
]==]
