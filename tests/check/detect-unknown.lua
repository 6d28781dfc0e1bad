-- Nothing to find: what detect returns the text does not tell, nor whether it finishes
playbook {
  name = "detect-unknown", version = "1.0.0", owner = "team", summary = "Right on purpose",
  may_change = {},
  params = { host = param.host "The host" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function watched(look)
  return function(p) return { verdict = look(p) } end
end
local function look(p) return smtp.probe(p.host).verdict end
local function first(p, ends)
  local found = smtp.probe(p.host)
  found.why = { verdict = found.verdict, why = found.why }
  if ends and found.ok then finish("up") end
  return found.why
end
detect = function(p)
  if p.host == "mx.example.com" then return watched(look)(p) end
  return first(p, false)
end
function main(p)
  finish("done", first(p, true).why)
end
