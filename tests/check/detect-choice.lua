-- What detect may return, each of it
playbook {
  name = "detect-choice", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function other(found)
  local bad = "bad"
  if found.ok then return { verdict = bad } end -- expect: no-verdict @ bad }
  local again = mail.inbound(found.domain)
  return { verdict = again.ok } -- expect: no-verdict @ again.ok }
end
local function again(found)
  if found.ok then return { verdict = found.verdict ~= "up" } end -- expect: no-verdict @ found.verdict ~=
  local r = { verdict = found.verdict, why = "x" }
  if found.ms > 500 then r.verdict = "slow" end -- expect: no-verdict @ "slow"
  return r
end
function detect(p)
  local found, good = mail.inbound(p.domain), "up"
  if found.ms > 100 then return found.ok and "up" or "down" end -- expect: no-verdict @ "up" -- expect: no-verdict @ "down"
  if found.ms > 90 then return found.ok and found or { verdict = "down" } end
  if found.ms > 80 then return { verdict = found.ok and good or "down" } end
  if found.ms > 70 then return again(found) end
  return other(found)
end
function main(p)
  finish("done", p.domain)
end
