-- Detect returns what has no verdict
playbook {
  name = "detect-verdict", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function other(p)
  return dns.mx(p.domain) -- expect: no-verdict @ dns
end
function detect(p)
  local found = mail.inbound(p.domain)
  if found.verdict == "up" then return found end
  if found.verdict == "rejecting" then return found.verdict == "down" end -- expect: no-verdict @ found.verdict == "down"
  if found.verdict == "down" then return "down" end -- expect: no-verdict @ "down" end
  if found.ok then return { why = "it is down" } end -- expect: no-verdict @ {
  if found.why then return other(p) end
  return { verdict = found.ok and "up" or found.why and "broken" or found.verdict, why = found.why } -- expect: no-verdict @ "broken"
end
function main(p)
  finish("done", p.domain)
end
