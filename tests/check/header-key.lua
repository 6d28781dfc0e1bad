-- A key nobody knows
playbook {
  name = "header-key", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  exclusiv = "mx:{domain}", -- expect: header @ exclusiv
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
