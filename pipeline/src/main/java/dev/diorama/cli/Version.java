package dev.diorama.cli;

import picocli.CommandLine.IVersionProvider;

/** The version of this build; classes that were not packed into a jar have none. */
final class Version implements IVersionProvider {

  static String text() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "diorama " + text(), "JDK " + Runtime.version(), System.getProperty("java.vendor")
    };
  }
}
