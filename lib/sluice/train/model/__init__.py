"""The language model: layers, cells, parameters, dropout, pretrained vectors."""
