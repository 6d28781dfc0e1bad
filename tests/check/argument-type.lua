-- A number where a domain stands
playbook {
  name = "argument-type", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = dns.mx(25) -- expect: bad-argument @ 25
  finish("done", r.why .. p.domain)
end
