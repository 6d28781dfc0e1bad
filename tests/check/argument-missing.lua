-- A verb without what it needs
playbook {
  name = "argument-missing", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = dns.query(p.domain) -- expect: missing-argument @ dns
  finish("done", r.why)
end
