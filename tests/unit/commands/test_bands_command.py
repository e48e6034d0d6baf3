from sluice.commands.main import main


def test_the_table_of_bands_marks_the_default(capsys):
    assert main(["bands"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["bands", "x", "rows", "0.5", "0.6", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95"]
    (marked,) = [line.split() for line in lines if line.startswith("*")]
    assert marked == ["*", "16", "x", "8", "0.061", "0.237", "0.613", "0.815", "0.947", "0.994", "1.000", "1.000"]


def test_the_mark_moves_with_the_threshold(capsys):
    assert main(["bands", "--threshold", "0.7", "--permutations", "256", "--catch", "0.9"]) == 0
    (marked,) = [line.split()[1:4] for line in capsys.readouterr().out.splitlines() if line.startswith("*")]
    assert marked == ["36", "x", "7"]  # 1 - (1 - 0.7^7)^36 = 0.955; 32 x 8 would be 0.850


def test_impossible_arguments_are_errors(capsys):
    assert main(["bands", "--threshold", "0.3", "--permutations", "4", "--catch", "0.99"]) == 2
    assert "No banding of 4 permutations finds a pair at 0.3" in capsys.readouterr().err
    assert main(["bands", "--threshold", "1.5"]) == 2
    assert "a threshold above 0 up to 1" in capsys.readouterr().err
