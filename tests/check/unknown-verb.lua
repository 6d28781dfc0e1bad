-- A misspelt verb
playbook {
  name = "unknown-verb", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = dns.mxx(p.domain) -- expect: unknown-verb @ dns
  finish("done", r.why)
end
