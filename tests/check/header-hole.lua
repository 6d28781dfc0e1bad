-- A hole that names no param
playbook {
  name = "header-hole", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  exclusive = "mx:{domian}", -- expect: header @ exclusive
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
