"""What Flyway is told by the files of a build."""

from __future__ import annotations

from pathlib import Path

from tests.chain.formats.chains import Files, applied, read

POM = """<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <properties>
    <owner>app</owner>
    <flyway.placeholders.reader>web</flyway.placeholders.reader>
    <flyway.table>history_${owner}</flyway.table>
  </properties>
  <build><plugins>
    <plugin><artifactId>other-plugin</artifactId><configuration><table>none</table></configuration></plugin>
    <plugin>
      <groupId>org.flywaydb</groupId>
      <artifactId>flyway-maven-plugin</artifactId>
      <configuration>
        <url>${env.DATABASE}</url>
        <!-- both kinds -->
        <locations>
          <location>filesystem:${project.basedir}/sql</location><location>classpath:db/more</location>
        </locations>
        <schemas><schema>shop</schema></schemas>
        <placeholders><owner>${owner}</owner><secret>${env.SECRET}</secret></placeholders>
      </configuration>
    </plugin>
  </plugins></build>
  <profiles><profile><build><plugins><plugin>
    <artifactId>flyway-maven-plugin</artifactId><configuration><table>none</table></configuration>
  </plugin></plugins></build></profile></profiles>
</project>
"""
GRANT = "GRANT SELECT ON t TO ${owner}, ${reader};\n"
INSTEAD = (
    "write {} into flyway.conf beside it, too; placeholders can also be given in migrate_validate.toml, and the "
    "directory of the migrations be named itself"
)


def test_maven(tmp_path: Path) -> None:
    files: Files = {"pom.xml": POM, "sql/V1__a.sql": GRANT, "src/main/resources/db/more/V2__b.sql": "SELECT 2;\n"}
    for path, top in ((".", "sql/"), ("sql", "")):
        chain = read(tmp_path, files, path)
        assert chain.format == "flyway"
        more = "src/main/resources/db/more/V2__b.sql"
        assert applied(chain) == [f"{top}V1__a.sql", more if top else f"../{more}"]
        assert chain.migrations[0].up.text == "GRANT SELECT ON t TO app, web;\n"
        assert "search_path = shop," in chain.base[0].text
        assert chain.records is not None
        assert chain.records.table == "history_app"
        assert chain.notes == (
            f"{tmp_path}/pom.xml takes placeholders.secret of Flyway from elsewhere, which is not known here: "
            + INSTEAD.format("placeholders.secret"),
        )


def test_other_files_of_maven(tmp_path: Path) -> None:
    """One without the plugin, and those that cannot be read, say nothing of the migrations."""
    without = POM.replace("flyway-maven-plugin", "none")
    cut, typed = POM[:-20], POM.replace("<project", "<!DOCTYPE project [<!ENTITY a 'a'>]><project", 1)
    for number, (text, told) in enumerate(((without, False), (cut, True), (typed, True))):
        chain = read(tmp_path / str(number), {"pom.xml": text, "sql/V1__a.sql": "SELECT 1;\n"}, "sql")
        assert (applied(chain), chain.base) == (["V1__a.sql"], ())
        note = (
            f"{tmp_path}/{number}/pom.xml is no plain XML, and was not read: {INSTEAD.format('what it tells Flyway')}"
        )
        assert chain.notes == ((note,) if told else ())


def test_gradle(tmp_path: Path) -> None:
    build = """plugins { id 'org.flywaydb.flyway' version '10' }
flyway {
    url = "jdbc:postgresql://localhost/shop" // table = 'none'
    locations = ['filesystem:sql']
    placeholders = [owner: "app"]
}
table = 'none'
"""
    chain = read(tmp_path / "told", {"build.gradle": build, "sql/V1__a.sql": "SELECT 1;\n"}, "sql")
    assert chain.notes == (
        f"{tmp_path}/told/build.gradle sets locations and placeholders of Flyway in code, which is not run: "
        + INSTEAD.format("locations and placeholders"),
    )
    harmless = 'flyway {\n    url = "jdbc:postgresql://localhost/shop"\n}\n'
    assert read(tmp_path / "not", {"build.gradle.kts": harmless, "V1__a.sql": "SELECT 1;\n"}).notes == ()
