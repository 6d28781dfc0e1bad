-- Something that acts while the header is read
playbook {
  name = "header-acts", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
dns.mx("example.com") -- expect: header @ dns
function main(p)
  finish("done", p.domain)
end
