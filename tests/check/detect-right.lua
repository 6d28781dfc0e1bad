-- Detect in all the ways that are right
playbook {
  name = "detect-right", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local looks = { one = function(p) return mail.inbound(p.domain) end }
local function judged(r)
  if r.ok then return { verdict = "up" } end
  return { verdict = r.rcode == "NXDOMAIN" and "down" or "inconclusive", why = r.why }
end
function detect(p)
  if not p.domain then return end
  local filled = { why = "counted" }
  filled.verdict = dns.mx(p.domain).ok and "up" or "down"
  if filled.verdict == "down" then return filled end
  local all = each({ "a", "b" }, function(one) return one .. p.domain end)
  if #all == 1 then return looks.one(p) end
  if #all == 3 then return nil end
  return judged(dns.mx(p.domain))
end
function main(p)
  finish("done", p.domain)
end
